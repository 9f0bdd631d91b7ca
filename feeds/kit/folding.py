"""What a character comes to when words are compared: no case, no diacritics, no typography.

Pure. By compatibility caseless matching (Unicode, chapter 3, D146), with the diacritics taken off:
combining marks, and strokes and hooks that are part of a Latin letter (`ø`, `ł`, `ı`).
"""

from __future__ import annotations

import re
import unicodedata

# Scripts that write no spaces between words: Thai, Lao, Myanmar, Khmer, Tai; kana, bopomofo and
# ideographs. Blocks of the Unicode Character Database; in two sets, for one would be a slow one.
_PLANE_0 = (
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf"
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff]"
)
_ABOVE = "[\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
UNSPACED = re.compile(f"(?:{_PLANE_0}+|{_ABOVE}+)+")

# Marks that are letters in all but name: voicing of kana, and viramas, which join consonants.
# All other marks of a combining class are diacritics; those without are vowels and the like.
_LETTER_MARKS = {0, 8, 9}
_VARIATIONS = re.compile("[\u034f\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_APOSTROPHES = "\u02bb\u02bc\u02bd\u02be\u02bf"  # letters by category, apostrophes by use
_KASHIDA = "\u0640\u07fa"  # stretches a word
_IOTA_BELOW = "\u0345"  # a letter as soon as it is written in capitals
_MARKS_OF_TRADE = "\u2122\u2120"  # would become letters at the end of the word before them
_LATIN = re.compile(r"LATIN SMALL LETTER (?:DOTLESS )?([A-Z])(?: WITH .*)?\Z")
_ROOM = 20_000  # characters kept; a text that uses all of Unicode must not fill the memory


class Folding(dict[int, str]):
    """A table for `str.translate` that finds out about a character when it first occurs."""

    def __missing__(self, code: int) -> str:
        """Return what the character `code` comes to, and remember it while there is room."""
        folded = fold(chr(code))
        if len(self) < _ROOM:
            self[code] = folded
        return folded


def fold(character: str) -> str:
    """Return the letters that `character` counts as, or a space, or nothing."""
    if character in _MARKS_OF_TRADE:
        return " "
    before, folded = "", unicodedata.normalize("NFKD", character)
    while folded != before:
        before = folded
        folded = unicodedata.normalize("NFKD", "".join(map(_plain, folded)).casefold())
    return unicodedata.normalize("NFC", folded)


def _plain(character: str) -> str:
    """Return `character` without what is not compared: one that separates words is a space."""
    if character == _IOTA_BELOW:
        return "ι"
    category = unicodedata.category(character)
    if category in {"Cf", "Me"} or character in _KASHIDA or _VARIATIONS.match(character):
        return ""
    if category in {"Mn", "Mc"}:
        return character if unicodedata.combining(character) in _LETTER_MARKS else ""
    if not character.isalnum() or character in _APOSTROPHES:
        return " "
    latin = _LATIN.match(unicodedata.name(character, "")) if category[0] == "L" else None
    return latin[1].lower() if latin else character
