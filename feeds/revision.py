"""What an incoming article means for the one that is known: pure decision, no storage.

A teaser may grow into its article but never replace it; the same words again are nothing new.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from feeds.article import Article, succeed


class Outcome(enum.StrEnum):
    """What came of one incoming document."""

    NEW = "new"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows of an article, as far as a decision needs it.

    `article.fingerprint` is that of the document it was made from; `origin_exists` tells whether
    that document's file is still in its source.
    """

    article: Article
    withdrawn: bool
    origin_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The outcome, the words to store (none where nothing changes), and for a refusal the reason.

    `major` tells whether readers should notice; `again` whether it arrives once more.
    """

    outcome: Outcome
    article: Article | None = None
    major: bool = True
    again: bool = False
    reason: str = ""


def decide(known: Known | None, incoming: Article) -> Decision:
    """Decide what `incoming` means, given the article `known` under the same identity."""
    if known is None:
        outcome = Outcome.WITHDRAWN if incoming.withdrawn else Outcome.NEW
        return Decision(outcome=outcome, article=incoming)
    if _says_nothing_new(known.article, incoming):
        return Decision(outcome=Outcome.UNCHANGED)
    moved = known.article.origin != incoming.origin
    if moved and known.origin_exists and not known.article.excerpt:
        return Decision(
            outcome=Outcome.REFUSED,
            reason=f"its id or url is that of {known.article.origin} already; "
            "give it one of its own, or remove the other file",
        )
    if incoming.withdrawn:
        return _withdraw(known, incoming)
    return Decision(
        outcome=Outcome.CHANGED,
        article=succeed(known.article, incoming),
        major=not incoming.minor,
        again=incoming.resend,
    )


def _says_nothing_new(known: Article, incoming: Article) -> bool:
    """The same document, an excerpt of what is there in full, or the excerpt cut otherwise."""
    if incoming.fingerprint == known.fingerprint:
        return True
    return incoming.excerpt and (not known.excerpt or incoming.key != known.key)


def _withdraw(known: Known, incoming: Article) -> Decision:
    if known.withdrawn:
        return Decision(outcome=Outcome.UNCHANGED)
    words = succeed(known.article, incoming)
    if not incoming.text:  # a bare notice: what is known of the article stays known
        words = replace(known.article, withdrawn=True, fingerprint=incoming.fingerprint)
    return Decision(outcome=Outcome.WITHDRAWN, article=words)
