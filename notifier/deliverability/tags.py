"""Lists of tags as DKIM and DMARC records have them (RFC 6376, 3.2)."""

from __future__ import annotations

from collections.abc import Iterable


def tags_of(record: str) -> dict[str, str]:
    """Return `a=b; c=d` by lower-case names, white space around them left out.

    What is no tag, and what stands twice, is left out: the first counts.
    """
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, sign, value = part.partition("=")
        if sign:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def with_version(records: Iterable[str], version: str) -> tuple[str, ...]:
    """Return those of `records` whose first tag is `v=` and `version`."""
    return tuple(
        record
        for record in records
        if "".join(record.partition(";")[0].split()).lower() == f"v={version}".lower()
    )
