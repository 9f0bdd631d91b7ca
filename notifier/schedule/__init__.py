"""When a digest is due: the schedule language, its slots, and the bell that says "look now"."""
