"""What others may look at: metrics, health, and the answers of the control socket. Everything here only reads.

What is on record comes through the protocols of ``read_model``, what only the running process knows through ``vitals``;
the application hands both in. Deciding, storing and sending are done elsewhere.
"""
