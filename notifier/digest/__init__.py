"""Digests: what is declared, what is due, and the words that go out."""
