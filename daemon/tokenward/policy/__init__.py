"""Pure decisions: what an event leads to, whom it speaks of, who acts, when to probe.

No input or output and no clock of its own: every question brings its facts and its ``now``. The table of
``policy.table`` can be printed, and is what ``tokenward config explain`` prints.
"""
