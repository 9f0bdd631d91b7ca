"""Media types of files by their names: a table of our own, the same on every machine.

Refuses to guess beyond the table: what is not in it is `application/octet-stream`.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

UNKNOWN = "application/octet-stream"

_TYPES = {
    "aac": "audio/aac",
    "avif": "image/avif",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "gif": "image/gif",
    "htm": "text/html",
    "html": "text/html",
    "ics": "text/calendar",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "m4a": "audio/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "odt": "application/vnd.oasis.opendocument.text",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
_TYPE = re.compile(r"[A-Za-z0-9][\w!#$&^.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}", re.ASCII)


def media_type(url: str, said: str = "") -> str:
    """Return the type that was `said`, without parameters (RFC 6838, 4.2), else that of the name.

    An `url` that cannot be parsed has no known type.
    """
    match = _TYPE.match(said.strip())
    if match:
        return match[0].lower()
    try:
        name = urlsplit(url).path.rpartition("/")[2]
    except ValueError:
        return UNKNOWN
    return _TYPES.get(name.rpartition(".")[2].lower(), UNKNOWN)


def medium(type_: str) -> str:
    """Return the `medium` of Media RSS for a media type: image, audio, video or document."""
    kind = type_.partition("/")[0]
    return kind if kind in {"image", "audio", "video"} else "document"
