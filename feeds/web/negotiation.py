"""What a request for a feed asks for: which of several answers, and in which coding. Pure.

Reads the few fields that matter, once; all others are not even looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from feeds.kit.http import codings, is_fresh, manipulations, tags_of
from feeds.publish import Standing

_MATCH, _SINCE = b"if-none-match", b"if-modified-since"
_ENCODING, _A_IM = b"accept-encoding", b"a-im"
_MODE, _DEST = b"sec-fetch-mode", b"sec-fetch-dest"
_READ = frozenset({_MATCH, _SINCE, _ENCODING, _A_IM, _MODE, _DEST})
_TAGS = 20  # tags of one request that are looked up

VARY = b"Accept-Encoding, A-IM, Sec-Fetch-Mode, Sec-Fetch-Dest"
VARY_WITHOUT_NEWS = b"Accept-Encoding, Sec-Fetch-Mode, Sec-Fetch-Dest"


class Asked:
    """The fields of one request that decide about the answer; those sent twice are joined.

    Made of name and value of each, names in lower case; never changes.
    """

    __slots__ = ("_fields",)

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        fields: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in _READ:
                fields[name] = fields[name] + b", " + value if name in fields else value
        self._fields = fields

    @property
    def navigates(self) -> bool:
        """Whether a person has opened the address in a browser (Fetch Metadata, W3C)."""
        fields = self._fields
        return fields.get(_MODE) == b"navigate" and fields.get(_DEST) == b"document"

    def has(self, etag: bytes, standing: Standing) -> bool:
        """Whether the client has this document already; `etag` is the field's value."""
        match, since = self._fields.get(_MATCH), self._fields.get(_SINCE)
        if match == etag:
            return True
        if match is None and since is None:
            return False
        return is_fresh(standing.etag, standing.modified, _text(match), _text(since))

    @property
    def news_since(self) -> tuple[str, ...]:
        """The tags of versions since which only the news are wanted (RFC 3229); mostly none."""
        if _A_IM not in self._fields or _MATCH not in self._fields:
            return ()
        if "feed" not in manipulations(_text(self._fields[_A_IM]) or ""):
            return ()
        return tags_of(_text(self._fields[_MATCH]) or "")[:_TAGS]

    @property
    def codings(self) -> tuple[str, ...]:
        """The codings that are taken, best first; see `kit.http.codings`."""
        return codings(_text(self._fields.get(_ENCODING)))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
