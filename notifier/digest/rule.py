"""Rules: what was declared about who gets what, each with the place where it stands.

Pure; standard library only. What a digest selects all in all is the digest's own matter; a rule is
for telling people which line of which file said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from feeds import Article, Query, Reason, judge

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One declared selection, `kind` and name, and the feeds one of which must admit too.

    `places` tells for each path in `select`, and for the empty one, where it stands: `file:line`.
    """

    kind: str
    name: str
    select: Query
    feeds: tuple[Rule, ...] = ()
    places: Mapping[Path, str] = field(default_factory=dict)

    @classmethod
    def of_words(cls, words: tuple[str, ...]) -> Rule:
        """Return the rule of a reader's own words, which stand in no file of the operator's."""
        return cls(kind="words", name="the reader's own words", select=Query(words=words))

    def place(self, path: Path = ()) -> str:
        """Return where `path` stands, or the nearest thing around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one rule says of an article: with the key, the values, and where that stands."""

    kind: str
    name: str
    admits: bool
    key: str = ""
    wanted: str = ""
    found: str = ""
    place: str = ""


def rule(one: Rule, article: Article) -> tuple[bool, tuple[Ruling, ...]]:
    """Return whether a rule admits `article`, and what decided it.

    What is admitted is so by every ruling, what is refused by each.
    """
    verdict = judge(one.select, article)
    rulings = _rulings(one, verdict.reasons, admits=verdict.admits)
    if not verdict.admits:
        return False, rulings
    told = [rule(feed, article) for feed in one.feeds]
    admitting = next((said for admits, said in told if admits), None)
    if admitting is not None or not told:
        return True, rulings + (admitting or ())
    return False, tuple(ruling for _, said in told for ruling in said)


def any_of(rules: tuple[Rule, ...], article: Article) -> tuple[bool, tuple[Ruling, ...]]:
    """Return whether one of `rules` admits `article`, and what decided it; no rules admit all."""
    told = [rule(one, article) for one in rules]
    for admits, said in told:
        if admits:
            return True, said
    return not told, tuple(ruling for _, said in told for ruling in said)


def _rulings(one: Rule, reasons: tuple[Reason, ...], *, admits: bool) -> tuple[Ruling, ...]:
    if not reasons:
        whole = Ruling(kind=one.kind, name=one.name, admits=admits, place=one.place())
        return (whole,)
    return tuple(
        Ruling(
            kind=one.kind,
            name=one.name,
            admits=admits,
            key=_key(leaf),
            wanted=leaf.wanted,
            found=leaf.found,
            place=one.place(leaf.path),
        )
        for reason in reasons
        for leaf in _leaves(reason)
    )


def _leaves(reason: Reason) -> tuple[Reason, ...]:
    """The keys that a reason comes down to; a `not` stands for itself."""
    if not reason.because or reason.path[-1:] == ("not",):
        return (reason,)
    return tuple(leaf for inner in reason.because for leaf in _leaves(inner))


def _key(reason: Reason) -> str:
    return ".".join(step for step in reason.path if isinstance(step, str))
