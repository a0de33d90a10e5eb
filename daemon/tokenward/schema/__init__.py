"""Types of configured fields: durations, ids, days, addresses, references to secrets.

Each is a pydantic type made from a plain parser that raises ``Fault``: what is wrong, and what would be
right. No input or output happens here, and no fault repeats a value that could be a secret.
"""
