"""Telling hubs of others that topics have changed (WebSub, section 6).

The Recommendation leaves open how; `hub.mode=publish` with `hub.url` is what public hubs ask for.
A ping is not kept: one that was lost is made up for by the next change of its topic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from feeds.kit.outgoing import Answer, Failure, Outgoing

_AT_ONCE = 4  # pings to one hub
_REDIRECTS = 3  # section 5.1.2 lets a hub send one elsewhere by 307 or 308
PAUSES = (1.0, 5.0, 30.0)  # seconds before a ping that failed is tried again


@dataclass(frozen=True, slots=True)
class Ping:
    """What became of telling one hub of one topic; `trouble` is empty when it took it."""

    hub: str
    topic: str
    trouble: str = ""


async def ping(
    outgoing: Outgoing,
    hubs: Collection[str],
    topics: Collection[str],
    pauses: Sequence[float] = PAUSES,
) -> list[Ping]:
    """Tell each of `hubs` of each of `topics`, again after each of `pauses` (seconds) if need be.

    A refusal (4xx, but for 429) is not argued with. One slow hub delays no other.
    """
    done = await asyncio.gather(*(_ping_hub(outgoing, hub, topics, pauses) for hub in hubs))
    return [ping for pings in done for ping in pings]


async def _ping_hub(
    outgoing: Outgoing, hub: str, topics: Collection[str], pauses: Sequence[float]
) -> list[Ping]:
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(topic: str) -> Ping:
        async with turn:
            return Ping(hub, topic, await _tell(outgoing, hub, topic, pauses))

    return await asyncio.gather(*(one(topic) for topic in topics))


async def _tell(outgoing: Outgoing, hub: str, topic: str, pauses: Sequence[float]) -> str:
    form = urlencode({"hub.mode": "publish", "hub.url": topic}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for pause in (*pauses, None):
        answer = await outgoing.send("POST", hub, headers=kind, content=form, redirects=_REDIRECTS)
        trouble, final = _meaning(answer)
        if final or pause is None:
            return trouble
        await asyncio.sleep(pause)
    raise AssertionError("the last pause is None")


def _meaning(answer: Answer | Failure) -> tuple[str, bool]:
    """Return what is wrong, if anything, and whether trying again is of no use."""
    if isinstance(answer, Failure):
        return answer.reason, answer.refused
    if 200 <= answer.status < 300:
        return "", True
    return f"answered {answer.status}", 400 <= answer.status < 500 and answer.status != 429
