"""The parts of HTTP that are arithmetic: dates, validators, conditions, preferences (RFC 9110).

Pure. A field that cannot be read counts as one that was not sent.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

from feeds.kit.compression import BROTLI, GZIP

IDENTITY = "identity"
ANY = "*"  # what If-None-Match says when any representation will do
LEAST_AGE, MOST_AGE = 60, 900  # seconds of a max-age

_UNKNOWN_AGE = 300  # seconds, for a feed that has changed once or never
_SHARE = 10  # a copy may be used for a tenth of the time between two changes
_WEIGHT = 4  # the newest time between two changes is a quarter of the average

_OURS = (BROTLI, GZIP, IDENTITY)  # best first, where the client likes all alike
_TAG = re.compile(r'(?:W/)?(?:"([^"]*)"|([^\s",]+))')
_CODED = re.compile(r"(?:--?|;)(?:gzip|br|zstd|deflate)\Z")
_QUALITY = re.compile(r"q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z", re.ASCII | re.IGNORECASE)
_ALIASES = {"x-gzip": GZIP}  # RFC 9110, 8.4.1.3


def http_date(at: datetime) -> str:
    """Return `at` as an IMF-fixdate (RFC 9110, 5.6.7)."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def tags_of(if_none_match: str) -> tuple[str, ...]:
    """Return the opaque tags of an If-None-Match field, weak or not (RFC 9110, 8.8.3).

    A suffix that a compressing proxy has put to the tag is taken off; a tag whose quotes a client
    has lost is read nevertheless. `*` stays as it is: see ANY.
    """
    found = (quoted or bare for quoted, bare in _TAG.findall(if_none_match))
    return tuple(_CODED.sub("", tag) for tag in found)


def is_fresh(
    etag: str, modified: datetime | None, if_none_match: str | None, if_modified_since: str | None
) -> bool:
    """Tell whether the client has what it asks for: 304 (RFC 9110, 13.1 and 13.2.2).

    If-None-Match is compared weakly and outranks If-Modified-Since.
    """
    if if_none_match is not None:
        return if_none_match.strip() == ANY or etag in tags_of(if_none_match)
    if if_modified_since is None or modified is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
        since = since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return modified.replace(microsecond=0) <= since


def codings(accept_encoding: str | None) -> tuple[str, ...]:
    """Return which of `br`, `gzip` and `identity` the client takes, best first (12.5.3).

    Nobody who does not ask gets a coding. Empty when it refuses all three.
    """
    if accept_encoding is None:
        return (IDENTITY,)
    return _remembered(accept_encoding) if len(accept_encoding) < 100 else _codings(accept_encoding)


def manipulations(a_im: str) -> frozenset[str]:
    """Return the instance-manipulations that the client takes (RFC 3229, 10.5.3), in lower case."""
    return frozenset(name for name, quality in _preferences(a_im).items() if quality > 0)


def paced(pace: int, seconds: float) -> int:
    """Return how many seconds lie between two changes, on average of late, `seconds` the newest.

    `pace` is that before, 0 if it is unknown. A night or a holiday counts no more than the
    time beyond which it makes no difference to `max_age`.
    """
    newest = int(min(max(seconds, 1), MOST_AGE * _SHARE))
    return (pace * (_WEIGHT - 1) + newest) // _WEIGHT if pace else newest


def max_age(pace: int) -> int:
    """Return for how many seconds a copy may be used of what changes at `pace` (see `paced`)."""
    return min(max(pace // _SHARE, LEAST_AGE), MOST_AGE) if pace else _UNKNOWN_AGE


def _codings(accept_encoding: str) -> tuple[str, ...]:
    asked = _preferences(accept_encoding)
    others = asked.get(ANY)
    quality = {name: asked.get(name, others or 0.0) for name in (BROTLI, GZIP)}
    # Without a word about it, identity is acceptable, but after everything that was named.
    quality[IDENTITY] = asked.get(IDENTITY, 0.0001 if others is None else others)
    taken = [name for name in _OURS if quality[name] > 0]
    return tuple(sorted(taken, key=lambda name: -quality[name]))


_remembered = lru_cache(maxsize=256)(_codings)


def _preferences(field: str) -> dict[str, float]:
    """Return the members of a list with their weights (12.4.2); unreadable members are left out."""
    found = {}
    for member in field.lower().split(","):
        name, *parameters = (part.strip() for part in member.split(";"))
        match = _QUALITY.match(parameters[0]) if parameters else None
        if name and (match or not parameters):
            found[_ALIASES.get(name, name)] = float(match[1]) if match else 1.0
    return found
