"""Telling people: what waits in the outbox is said, and that it was said is put on record."""
