"""What brings the chunks of open issues to whoever sends: one process, or many by PgQueuer."""
