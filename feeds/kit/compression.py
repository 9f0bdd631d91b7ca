"""Content codings: gzip and Brotli, deterministic. The one door to brotli.

Refuses what is not worth it: a small body, or one that does not get smaller, has no coded form.
"""

from __future__ import annotations

import gzip

import brotli

GZIP, BROTLI = "gzip", "br"  # names of the codings (RFC 9110, 8.4.1; RFC 7932)
ENDINGS = {GZIP: ".gz", BROTLI: ".br"}  # of a coded file beside the file itself
SMALL = 512  # octets below which a body travels in one packet anyhow

_GZIP_LEVEL = 6
_BROTLI_QUALITY = 5  # as fast as gzip, and a tenth smaller


def coded(body: bytes, coding: str) -> bytes:
    """Return `body` in `coding`, the same bytes every time; some 10 ms for 150 kB."""
    if coding == GZIP:
        return gzip.compress(body, _GZIP_LEVEL, mtime=0)
    result: bytes = brotli.compress(body, quality=_BROTLI_QUALITY)
    return result


def worthwhile(body: bytes) -> dict[str, bytes]:
    """Return the forms of `body` by coding that are smaller than itself; none of a small body."""
    if len(body) < SMALL:
        return {}
    forms = {coding: coded(body, coding) for coding in ENDINGS}
    return {coding: form for coding, form in forms.items() if len(form) < len(body)}
