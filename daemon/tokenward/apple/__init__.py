"""What Apple's side says: questions to the device assignment API, and what its answers mean.

Only ``/session`` and ``/account`` are ever asked: they read, and touch neither devices nor profiles.
"""
