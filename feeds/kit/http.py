"""The parts of HTTP that are arithmetic: dates, validators, conditions (RFC 9110). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def http_date(at: datetime) -> str:
    """Return `at` as an IMF-fixdate (RFC 9110, 5.6.7)."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def is_fresh(
    etag: str, modified: datetime, if_none_match: str | None, if_modified_since: str | None
) -> bool:
    """Tell whether the client has what it asks for: 304 (RFC 9110, 13.1 and 13.2.2).

    If-None-Match is compared weakly and outranks If-Modified-Since; a suffix that a compressing
    proxy has put to the tag is looked through.
    """
    if if_none_match is not None:
        if if_none_match.strip() == "*":
            return True
        tags = (tag.partition("-gzip")[0].partition("-br")[0] for tag in _tags(if_none_match))
        return etag in tags
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except (ValueError, OverflowError):
        return False
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return modified.replace(microsecond=0) <= since


def _tags(field: str) -> list[str]:
    return _TAG.findall(field)
