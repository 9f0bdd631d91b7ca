"""Retrying: deliveries that had ended are sent again, where that doubles nothing.

Refuses words with an article that was withdrawn since, and readers who have had an article of
theirs in another issue meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from notifier.delivery.picking import Which
from notifier.delivery.settling import Settling
from notifier.mailing.desk import Desk
from notifier.mailing.withdrawing import withdrawn_among


@dataclass(slots=True)
class Retried:
    """How many deliveries were meant; are `queued` again; hold something `withdrawn`; are `had`.

    The last are of readers who have had one of the articles in another issue.
    """

    meant: int = 0
    queued: int = 0
    withdrawn: int = 0
    had: int = 0


async def retry(
    desk: Desk, settling: Settling, which: Which, until: datetime, now: datetime
) -> Retried:
    """Let what is meant be sent again, `until` then at most; may be broken off and done again."""
    done = Retried()
    for words in await settling.words(which):
        done.meant += words.deliveries
        if await withdrawn_among(desk, words.articles):
            done.withdrawn += words.deliveries
            continue
        queued = await settling.requeue(which, words, until, now)
        done.queued += queued
        done.had += max(words.deliveries - queued, 0)
    return done
