"""Bytes of a file to text: size, kind and encoding are judged here, and nowhere else.

Refuses what is no regular file, empty, binary, larger than 20 MB (without reading it) or in an
encoding that is not known. The only module that knows charset_normalizer.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

LIMIT = 20_000_000  # octets; no article is longer, and nobody wants to find out what is

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF-", b"PK\x03\x04", b"\x1f\x8b")
_CONTROL = bytes({*range(32)} - set(b"\t\n\r\f\v\x1b")) + b"\x7f"
_DECLARED = re.compile(
    rb"<meta\b[^<>]{0,300}?\bcharset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,40})", re.IGNORECASE
)
_LOOKED_AT = 1024  # octets in which HTML must declare its encoding (HTML standard, 4.2.5.4)
_SAMPLE = 200_000  # octets that are shown to charset_normalizer

# Codecs of Python that are no character encoding a page could be in.
_NOT_ENCODINGS = {"unicode-escape", "raw-unicode-escape", "undefined", "punycode", "idna", "utf-7"}
_WINDOWS_1252 = {"ascii", "iso8859-1", "cp1252"}  # what the web means by these labels

_WESTERN = re.compile("[àâäáãåæçèéêëìíîïñòóôöõøœßùúûüýÿªº]", re.IGNORECASE)
_SYMBOL_IN_A_WORD = re.compile(r"[^\W\d_][¡-¬®-¶¸-¿][^\W\d_]")  # but for soft hyphen and dot


@dataclass(frozen=True, slots=True)
class Reading:
    """The text of a file with plain line ends, or why there is none, or that it is changing."""

    text: str = ""
    refused: str = ""
    line: int | None = None
    unsettled: bool = False


def read_text(path: Path) -> Reading:
    """Return the text of the file at `path`; what is wrong with it is part of the answer."""
    try:
        data = _read_bytes(path)
    except OSError as error:
        return Reading(refused=f"cannot be read: {error.strerror or error}")
    if isinstance(data, Reading):
        return data
    return decode(data, declares=path.suffix.lower() in {".html", ".htm"})


def decode(data: bytes, *, declares: bool = False) -> Reading:
    """Return `data` as text: byte-order mark, UTF-8, declared charset, else the likeliest.

    `declares` says that a charset declared in HTML counts. Line ends become `\\n`.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding)
    if not data.strip():
        return Reading(refused="the file is empty")
    if _is_binary(data):
        return Reading(refused="this is a binary file, not text")
    try:
        return _text(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        declared = _DECLARED.search(data, 0, _LOOKED_AT) if declares else None
        if declared:
            return _declared(data, declared[1].decode("ascii", "replace"))
        return _guessed(data, error.start)


def _read_bytes(path: Path) -> bytes | Reading:
    # Not blocking: a named pipe with a fitting name must not hang the whole round.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return Reading(refused="cannot be read: not a file")
        if before.st_size > LIMIT:
            size = f"{before.st_size / 1e6:.0f} MB"
            return Reading(refused=f"the file is too large: {size}, at most {LIMIT // 10**6} MB")
        data = file.read(LIMIT + 1)
    after = path.stat()
    same = _state(before) == _state(after) and len(data) == before.st_size
    return data if same else Reading(unsettled=True)


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_binary(data: bytes) -> bool:
    head = data[:65536]
    if b"\0" in head or head.startswith(_BINARY_SIGNATURES):
        return True
    return (len(head) - len(head.translate(None, _CONTROL))) * 20 > len(head)


def _text(text: str) -> Reading:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return Reading(text) if text.strip() else Reading(refused="the file is empty")


def _decoded(data: bytes, encoding: str) -> Reading:
    try:
        return _text(data.decode(encoding))
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, "replace").count("\n") + 1
        return Reading(refused=f"the text is not valid {encoding.upper()} here", line=line)


def _declared(data: bytes, label: str) -> Reading:
    try:
        name = codecs.lookup(label).name
        text_encoding = name not in _NOT_ENCODINGS and isinstance(b" ".decode(name), str)
    except (LookupError, UnicodeError):
        text_encoding = False
    if not text_encoding:
        return Reading(
            refused=f"the encoding {label!r} is not known; save the file as UTF-8", line=1
        )
    return _decoded(data, "cp1252" if name in _WINDOWS_1252 else name)


def _guessed(data: bytes, wrong_at: int) -> Reading:
    """No mark, no declaration, not UTF-8: Western European if it looks so, else ask."""
    damaged = data.decode("utf-8", "replace")
    sequences = sum(c > "\x7f" and c != "\ufffd" for c in damaged)
    if sequences > damaged.count("\ufffd"):
        return _decoded(data, "utf-8")
    try:
        western = data.decode("cp1252")
    except UnicodeDecodeError:
        western = ""
    if western and _looks_western(western):
        return _text(western)
    import charset_normalizer  # noqa: PLC0415 - slow to import, and seldom needed

    best = charset_normalizer.from_bytes(data[:_SAMPLE]).best()
    if best is not None:
        try:
            return _text(data.decode(best.encoding))
        except UnicodeDecodeError:
            pass
    line = data.count(b"\n", 0, wrong_at) + 1
    return Reading(
        refused="the encoding of the text is not known; save the file as UTF-8", line=line
    )


def _looks_western(text: str) -> bool:
    """Tell whether text read as Windows-1252 is made of Western European words.

    Statistics take short French for Czech; its letters and where signs stand do not.
    """
    letters = [c for c in text if c.isalpha()]
    high = [c for c in letters if c > "\x7f"]
    if len(high) * 3 > len(letters) or not all(map(_WESTERN.match, high)):
        return False
    return not _SYMBOL_IN_A_WORD.search(text)
