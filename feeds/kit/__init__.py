"""Plumbing without domain: text, time, YAML, the database engine, templates, logging."""
