"""Per-reader values inside rendered words: marked while rendering, filled in while sending.

Pure; standard library only. An edition is rendered once for all its readers, so a template may
print a reader's value but never decide by it.
"""

from __future__ import annotations

import re

SLOTS = ("name", "email", "unsubscribe_url", "preferences_url")

# Private-use characters: `kit.text.clean` leaves them, so whoever renders foreign text strips them.
OPENING, CLOSING = "\ue000", "\ue001"
TOKEN = re.compile(f"{OPENING}([a-z_]+){CLOSING}")


def slot_token(name: str) -> str:
    """Return the mark that stands for the reader's `name` until the message is filled."""
    if name not in SLOTS:
        raise KeyError(name)
    return f"{OPENING}{name}{CLOSING}"
