"""What PgQueuer's tables are called in our database, and its jobs."""

TABLE = "paperround_pgqueuer"
KIND = "chunk"  # what all jobs are
