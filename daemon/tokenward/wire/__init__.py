"""Bounded HTTP towards others: limits on time and size, no redirects, errors that say what may have happened.

Knows no product. What an answer means is decided by the adapter that asked.
"""
