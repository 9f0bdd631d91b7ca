"""Who receives: readers as declared, and addresses as the roster compares them.

Pure; standard library only. Refuses an address that no mail server could take.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from notifier.schedule.language import Schedule

_LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\\x00-\x20\x7f]{1,64}\Z")
_LABEL = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How one reader wants one digest; nothing chosen means as the digest has it.

    `topics` are among those of the digest; `words` are the reader's own, as in a selection. Nothing
    comes before the local date `pause_until`.
    """

    topics: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    schedule: Schedule | None = None
    pause_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A subscriber as the configuration declares one."""

    email: str
    name: str = ""
    timezone: str = ""
    language: str = ""
    digests: Mapping[str, Choice] = field(default_factory=dict)


def is_address(text: str) -> bool:
    """Tell whether `text` is a deliverable addr-spec (RFC 5321, 4.1.2; RFC 6531), unquoted."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 254 or not _LOCAL.match(local):
        return False
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return False
    return _is_domain(domain)


@lru_cache(maxsize=4096)
def _is_domain(text: str) -> bool:
    labels = text.split(".")  # thousands of readers share a few
    return len(labels) > 1 and all(_LABEL.match(label) for label in labels)


def address_key(address: str) -> str:
    """Return what makes two spellings one reader: case is ignored, in the local part too."""
    return address.strip().casefold()
