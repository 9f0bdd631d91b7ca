"""What is planned, explained and shown before it is sent."""
