"""The operators' board: every organisation and service, what needs somebody, and what nobody can see. It only reads."""
