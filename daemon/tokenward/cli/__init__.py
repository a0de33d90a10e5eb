"""The command line: arguments in, text out.

Whatever changes something is asked of the running daemon as an event over its control socket; nothing here decides.
The modules import only what parsing and ``--help`` need; each command imports the rest when it runs.
"""
