"""Pure operations on text: make it storable, comparable, shorter.

Refuses nothing and knows no markup: whoever has HTML takes the tags off first.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

# XML 1.0, section 2.2: everything outside Char, plus U+0085 and U+2028/9, which are line ends
# to some readers only, and the non-characters that lxml refuses.
_PLANE_ENDS = "".join(chr(plane * 0x10000 + end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef" + _PLANE_ENDS + "]"
)
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？؟])[\"'”’»)\]]*\s+")
_NO_SPACES_BETWEEN_WORDS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)


def clean(text: str) -> str:
    """Return `text` in NFC with only characters that every XML, JSON and mail reader accepts."""
    text = _LINE_ENDS.sub("\n", text)
    text = _UNPRINTABLE.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text


def one_line(text: str) -> str:
    """Return `text` cleaned, with every run of white space folded to one space."""
    return _SPACES.sub(" ", clean(text)).strip()


def shorten(text: str, limit: int) -> str:
    """Return `text` cut at a word to at most `limit` characters, with an ellipsis where cut."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    if not text[limit - 1].isspace():
        head, space, _ = head.rpartition(" ")
        head = head if space else text[: limit - 1]
    return head.rstrip(" ,;:–—-") + "…"


def first_sentence(text: str, limit: int = 100) -> str:
    """Return the first sentence of `text` on one line, cut at a word to `limit` characters."""
    line = one_line(text.lstrip().split("\n\n", 1)[0])
    match = _SENTENCE_END.search(line)
    return shorten(line[: match.start()].rstrip() if match else line, limit)


def normalise(text: str) -> str:
    """Return `text` for matching: casefolded words without diacritics, each between two spaces.

    `" county " in normalise(text)` is true exactly when the whole word occurs.
    """
    folded = _fold(text)
    words = "".join(c if c.isalnum() else " " for c in folded).split()
    return f" {' '.join(words)} " if words else " "


@lru_cache(maxsize=4096)
def normalised_phrase(phrase: str) -> str:
    """Return what to look for in `normalise(...)`d text to find `phrase` as whole words.

    A script that writes no spaces between words is matched by substring, so its edges are open.
    The result is empty for a phrase without any letter or digit: it matches nothing.
    """
    words = normalise(phrase).strip()
    if not words:
        return ""
    before = "" if _NO_SPACES_BETWEEN_WORDS.match(words[0]) else " "
    after = "" if _NO_SPACES_BETWEEN_WORDS.match(words[-1]) else " "
    return f"{before}{words}{after}"


def digest(*parts: str) -> str:
    """Return the SHA-256 of `parts`, unambiguous about where one ends, as 64 hex digits."""
    state = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        state.update(b"%d:" % len(raw))
        state.update(raw)
    return state.hexdigest()


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    marks_off = "".join(c for c in decomposed if not unicodedata.combining(c))
    return unicodedata.normalize("NFKC", marks_off).casefold()
