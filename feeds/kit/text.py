"""Pure operations on text: make it storable, comparable, shorter.

Refuses nothing and knows no markup: whoever has HTML takes the tags off first.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

from feeds.kit.folding import UNSPACED, Folding

# XML 1.0, section 2.2: everything outside Char, plus U+0085 and U+2028/9, which are line ends
# to some readers only, and the non-characters that lxml refuses.
_PLANE_ENDS = "".join(chr(plane * 0x10000 + end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef" + _PLANE_ENDS + "]"
)
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_SPACES = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？؟])[\"'”’»)\]]*\s+")
_NOT_ASCII_WORD = re.compile("[^a-z0-9]+")
_FOLDING = Folding()


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

    `" county " in normalise(text)` is true exactly when the whole word occurs. What is no letter,
    digit or mark parts words; soft hyphens, joiners and the like do not. Where a script that writes
    no spaces meets another, a word ends. Applied again, it changes nothing.
    """
    if text.isascii():
        folded = _NOT_ASCII_WORD.sub(" ", text.lower())
    else:
        folded = unicodedata.normalize("NFC", text.translate(_FOLDING))
        folded = UNSPACED.sub(r" \g<0> ", folded)
    words = " ".join(folded.split())
    return f" {words} " if words else " "


def normalised_name(name: str) -> str:
    """Return `name` (of a tag, a section, an author, a source) as it is compared with others.

    Its words; one without any letter or digit, such as an emoji, stands for itself. Empty where
    nothing can be seen of it; never with a line break or a control character.
    """
    return normalise(name).strip() or one_line(unicodedata.normalize("NFKC", name).casefold())


@lru_cache(maxsize=4096)
def normalised_phrase(phrase: str) -> str:
    """Return what to look for in `normalise(...)`d text to find `phrase` as whole words.

    A script that writes no spaces between words is matched by substring, so its edges are open.
    Empty for a phrase without any letter or digit: it is found nowhere.
    """
    words = normalise(phrase).strip()
    if not words:
        return ""
    before = "" if UNSPACED.match(words[0]) else " "
    after = "" if UNSPACED.match(words[-1]) else " "
    return f"{before}{words}{after}"


def digest(*parts: str) -> str:
    """Return the SHA-256 of `parts`, unambiguous about where one ends, as 64 hex digits."""
    state = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        state.update(b"%d:" % len(raw))
        state.update(raw)
    return state.hexdigest()
