"""Delivery: the ledger of issues, the bytes of messages, and the ways out."""
