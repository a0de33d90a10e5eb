"""The personal page: what one person is asked for, from *Start now* to proof. What they press comes in as events."""
