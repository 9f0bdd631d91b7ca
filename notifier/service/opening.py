"""Opening in the service: what is due, told in the log and the metrics, held issues until released.

Refuses nothing by itself: a digest that fails or is held costs no other one its turn.
"""

from __future__ import annotations

from datetime import datetime

from feeds.kit.logs import logger
from notifier.errors import NotifierError
from notifier.mailing import Desk, open_due
from notifier.service.work import Round, complain, relieve

log = logger()


async def open_issues(round_: Round) -> None:
    """Open what is due, and ring for its delivery."""
    async with round_.opening:
        if round_.setup.desk is not None:
            await open_due_of(round_, round_.setup.desk, round_.clock())


async def open_due_of(round_: Round, desk: Desk, now: datetime) -> None:
    """Open what is due at `desk`, and tell of it; for whoever keeps others from opening."""
    for opened in await open_due(desk, now):
        name = f"digest {opened.digest}"
        round_.metrics.opened(opened, now)
        if opened.held:
            complain(round_, _held(opened.digest), NotifierError(opened.reason))
            continue
        if opened.failed:
            complain(round_, name, NotifierError(opened.reason))
            continue
        relieve(round_, name)
        if opened.skipped:
            log.info("issue.skipped", digest=opened.digest, slot=opened.slot, reason=opened.reason)
            continue
        log.info(
            "issue.opened",
            digest=opened.digest,
            slot=opened.slot,
            articles=opened.articles,
            readers=opened.readers,
            reason=opened.reason,
        )
        round_.send.set()
    await _forget_released(round_, desk)


def _held(digest: str) -> str:
    return f"digest {digest}, its issue"


async def _forget_released(round_: Round, desk: Desk) -> None:
    """Forget what was told of held issues once nothing of the digest is held any more."""
    told = {
        spec.name: words
        for spec in desk.digests
        for words in round_.failing
        if words.startswith(f"{_held(spec.name)}: ")
    }
    held = {one.digest for one in await desk.outbox.pending("held", list(told))} if told else ()
    round_.failing -= {words for name, words in told.items() if name not in held}
