"""What comes back: bounces, complaints, wishes to leave; and addresses not to be written to."""
