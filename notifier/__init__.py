"""Subscribers, digests, mail, the scheduler, the service and its command line."""
