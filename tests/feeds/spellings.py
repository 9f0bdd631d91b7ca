"""Words that are known beforehand, written in many ways; and selections of them.

What a selection admits is told from the words themselves, never from the text that they are
written as: an oracle that shares nothing with what folds and compares texts. A word is a tuple of
letters, each of which may be spelled in several ways; a word of a script without spaces is a `Run`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from feeds import Article, Author, Query

# Spellings that are one letter, case and diacritics apart; typography is no part of a word.
LETTERS = {
    "a": ["a", "A", "á", "a\u0301", "Ä", "A\u0308", "Å", "\uff41", "a\u00ad", "ā\u200d"],
    "c": ["c", "C", "ç", "c\u0327", "\u212d"],
    "e": ["e", "E", "é", "E\u0301\u0323", "ệ"],
    "i": ["i", "I", "İ", "i\u0307", "ı", "í", "\u2160"],
    "l": ["l", "L", "ł", "Ł", "l\u200b"],
    "o": ["o", "O", "ø", "ö", "O\u0308", "Ő", "\u1d0f\u0308"[1:] + "o"],
    "ss": ["ss", "SS", "ß", "ẞ", "ſs", "\u017fS"],
    "fi": ["fi", "FI", "\ufb01"],
    "2": ["2", "²", "\uff12"],
    "σ": ["σ", "Σ", "ς"],
    "ε": ["ε", "Έ", "έ", "ε\u0301"],
    "е": ["е", "Ё", "ё", "е\u0308"],
    "й": ["й", "И", "и", "и\u0306"],
    "ا": ["ا", "أ", "آ", "ا\u064e", "ا\u0640"],
    "ب": ["ب", "ب\u0651", "ب\u200c", "\ufe91"],
    "ש": ["ש", "ש\u05c1", "\ufb2a"],
    "क": ["क", "\u0958", "क\u093c"],
    "की": ["की"],
    "क्": ["क्"],
    "가": ["가", "\u1100\u1161"],
}
SPACED = [
    tuple(word.split())
    for word in (
        "c a l",
        "c a",
        "a l",
        "ss",
        "o ss i",
        "fi l e",
        "c o 2",
        "2",
        "σ ε σ",
        "е й",
        "ا ب",
        "ا",
        "ש",
        "क की",
        "क",
        "क् क",
        "가 가",
    )
]
UNSPACED = {
    "東": ["東"],
    "京": ["京"],
    "ハ": ["ハ", "ﾊ"],
    "パ": ["パ", "ﾊﾟ", "ハ\u309a"],
    "が": ["が", "か\u3099"],
    "か": ["か"],
    "ท": ["ท", "ท\u0e48", "ท\u200b"],
    "ที": ["ที", "ที\u0e48"],
    "𠮷": ["𠮷"],
}
BETWEEN = [" ", "  ", "\n", "\u00a0", ", ", ". ", " — ", "-", "'", "’", "ʼ", "/", "™ ", " (", "_"]
BETWEEN += [" 👩‍👩‍👧 ", "✈️", "\u3000", "؟ ", "»", "%", "\\", "\ufeff ", "\t", "…"]
AROUND = ["", "", " ", "“", "!", "...", "\n", "🎉", "«", "¿", "%", "_", "™"]
SYMBOLS = ["🎉", "!?", "++", "%", "_", "\\"]
LANGUAGES = ["", "de", "DE", "de-AT", "de-at-1996", "den", "d", "pt-BR", "PT"]


class Run(tuple[str, ...]):
    """A word of a script that writes no spaces: any part of it is found, vowel signs or not."""

    __slots__ = ()


Words = tuple[tuple[str, ...], ...]


def some_words(random: Random, most: int) -> Words:
    """Return up to `most` words."""
    words: list[tuple[str, ...]] = []
    for _ in range(random.randint(0, most)):
        if random.random() < 0.3:
            words.append(Run(random.choices(list(UNSPACED), k=random.randint(1, 4))))
        else:
            words.append(random.choice(SPACED))
    return tuple(words)


def spelled(random: Random, words: Words) -> str:
    """Return `words` as somebody may write them, with something between, before and after."""
    text = random.choice(AROUND)
    for number, word in enumerate(words):
        before = words[number - 1] if number else None
        if before is not None and not (isinstance(before, Run) ^ isinstance(word, Run)):
            text += random.choice(BETWEEN)
        elif before is not None:
            text += random.choice(["", *BETWEEN])
        ways = UNSPACED if isinstance(word, Run) else LETTERS
        text += "".join(random.choice(ways[letter]) for letter in word)
    return text + random.choice(AROUND)


@dataclass(frozen=True)
class Known:
    """An article of which the words are known, and the article as it is written."""

    fields: tuple[Words, ...]
    names: dict[str, tuple[object, ...]]
    language: str
    article: Article = field(repr=False)


def a_known(random: Random, number: int) -> Known:
    """Return an article with a few words and names."""
    fields = tuple(some_words(random, 6) for _ in range(3))
    title, summary, text = (spelled(random, words) for words in fields)
    names = {
        "sections": _some_names(random, 1),
        "tags": _some_names(random, 3),
        "authors": _some_names(random, 2),
        "sources": (some_words(random, 2) or (SPACED[0],),),
    }
    language = random.choice(LANGUAGES)
    article = Article(
        source=_name(random, names["sources"][0]),
        key=f"k{number}",
        title=title or "…",
        summary=summary,
        html="",
        text=text,
        section="".join(_name(random, name) for name in names["sections"]),
        tags=tuple(_name(random, name) for name in names["tags"]),
        authors=tuple(Author(name=_name(random, name)) for name in names["authors"]),
        language=language,
    )
    return Known(fields, names, language, article)


def _some_names(random: Random, most: int) -> tuple[object, ...]:
    names = [
        random.choice(SYMBOLS) if random.random() < 0.2 else some_words(random, 2)
        for _ in range(random.randint(0, most))
    ]
    return tuple(name for name in names if name)


def _name(random: Random, name: object) -> str:
    return name if isinstance(name, str) else spelled(random, name)  # type: ignore[arg-type]  # Words


@dataclass(frozen=True)
class Wanted:
    """A selection, and what it admits by the words themselves."""

    query: Query
    admits: Callable[[Known], bool] = field(repr=False)


def a_wanted(random: Random, depth: int = 3) -> Wanted:
    """Return a selection of a few words and names, others in it, or of nothing at all."""
    keys: dict[str, tuple[str, ...]] = {}
    tests: list[Callable[[Known], bool]] = []
    for key in ("sections", "tags", "authors", "sources", "languages", "words"):
        if random.random() < 0.2:
            keys[key], test = _a_key(random, key)
            tests.append(test)
    inner = [a_wanted(random, depth - 1) for _ in range(3) if depth and random.random() < 0.2]
    exclude = a_wanted(random, depth - 1) if depth and random.random() < 0.2 else None
    query = Query(
        **keys,
        any=tuple(one.query for one in inner),
        exclude=exclude.query if exclude else None,
    )

    def admits(known: Known) -> bool:
        if not all(test(known) for test in tests):
            return False
        if exclude is not None and exclude.admits(known):
            return False
        return not inner or any(one.admits(known) for one in inner)

    return Wanted(query, admits)


def _a_key(random: Random, key: str) -> tuple[tuple[str, ...], Callable[[Known], bool]]:
    count = random.choice([1, 1, 2, 5])
    if key == "languages":
        tags = tuple(random.choices(LANGUAGES, k=count))
        return tags, lambda known: any(_covers(tag, known.language) for tag in tags)
    if key == "words":
        phrases = [some_words(random, 3) for _ in range(count)]
        written = tuple(spelled(random, phrase) for phrase in phrases)
        return written, lambda known: any(
            occurs(phrase, words) for phrase in phrases for words in known.fields
        )
    names = [name for _ in range(count) for name in _some_names(random, 1)] or ["++"]
    written = tuple(_name(random, name) for name in names)
    return written, lambda known: any(name in known.names[key] for name in names)


def _covers(wanted: str, present: str) -> bool:
    """Tell whether a language is the one that is wanted, or one of its regions."""
    ours, theirs = wanted.lower().split("-"), present.lower().split("-")
    return theirs[: len(ours)] == ours


def occurs(phrase: Words, words: Words) -> bool:
    """Tell whether `phrase` stands in `words`, the edges of runs left open."""
    starts = range(len(words) - len(phrase) + 1)
    return bool(phrase) and any(_here(phrase, words[at : at + len(phrase)]) for at in starts)


def _here(phrase: Words, words: Sequence[tuple[str, ...]]) -> bool:
    if any(isinstance(a, Run) != isinstance(b, Run) for a, b in zip(phrase, words, strict=True)):
        return False
    if len(phrase) == 1 and isinstance(phrase[0], Run):
        return "".join(phrase[0]) in "".join(words[0])
    return all(
        _agrees(wanted, present, is_first=at == 0, is_last=at == len(phrase) - 1)
        for at, (wanted, present) in enumerate(zip(phrase, words, strict=True))
    )


def _agrees(
    wanted: tuple[str, ...], present: tuple[str, ...], *, is_first: bool, is_last: bool
) -> bool:
    ours, theirs = "".join(wanted), "".join(present)
    if isinstance(wanted, Run) and is_first:
        return theirs.endswith(ours)
    if isinstance(wanted, Run) and is_last:
        return theirs.startswith(ours)
    return tuple(present) == tuple(wanted)
