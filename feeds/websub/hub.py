"""The hub (WebSub, sections 5 and 7): takes requests, verifies them, and distributes our feeds.

Serves our own public topics only; nobody else can publish through it. What it owes stands in the
database; this module claims it, sends it within bounds, and records what came of it. No redirect
of a callback is followed: the Recommendation calls every answer but 2xx and 410 a failure.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.kit.database import Database
from feeds.kit.destinations import NotAllowed
from feeds.kit.instants import EPOCH
from feeds.kit.outgoing import Answer, Failure, Outgoing
from feeds.websub import protocol
from feeds.websub.flight import Flight
from feeds.websub.protocol import Mode, Outcome, Reply, Wish
from feeds.websub.requests import Request, Requests
from feeds.websub.settings import WebSubSettings
from feeds.websub.subscriptions import Counts, Push, Subscriptions

_STALE = timedelta(seconds=1)  # until we look again for a document that is announced, not there yet
_ABSENT = timedelta(seconds=60)
_CLEARED_EVERY = timedelta(seconds=60)
_CLAIM_MARGIN = 20.0  # seconds that recording an answer may take
_REASON = "this feed is no longer offered"


@dataclass(frozen=True, slots=True)
class Content:
    """A topic as it stands: `serial` grows with every change, `content_type` is its header."""

    body: bytes
    content_type: str
    serial: int


Topics = Callable[[str], Awaitable[Content | None]]  # our public topics by URL; None: not one
Clock = Callable[[], datetime]


class Hub:
    """The hub at `url`; `wake` is called whenever `work` has something to do.

    Raises StoreError when the database cannot be used.
    """

    def __init__(
        self,
        database: Database,
        outgoing: Outgoing,
        topics: Topics,
        settings: WebSubSettings,
        url: str,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.url = url
        self._requests = Requests(database)
        self._subscriptions = Subscriptions(database)
        self._outgoing = outgoing
        self._topics = topics
        self._settings = settings
        self._wake = wake
        self._expired_at = EPOCH
        self._claim = timedelta(seconds=settings.patience + _CLAIM_MARGIN)
        self._memory = timedelta(seconds=settings.memory)
        self._verifying = Flight(settings.verifications, settings.per_host, wake)
        self._pushing = Flight(settings.pushes, settings.per_host, wake)

    async def accept(self, form: bytes, now: datetime) -> Reply:
        """Answer a request to subscribe or unsubscribe (5.1): 202, and it will be verified.

        The answer tells nothing of whether a subscription is there.
        """
        wish = protocol.read_wish(form, self._settings)
        if isinstance(wish, Reply):
            return wish
        try:
            host = self._outgoing.check(wish.callback).host
        except NotAllowed as error:
            return Reply(400, f"hub.callback: {error}")
        content = await self._topics(wish.topic)
        if content is None and wish.mode is Mode.SUBSCRIBE:
            return Reply(403, "hub.topic is not a feed of this site (its rel=self address)")
        if not await self._has_room(wish, host, now):
            return Reply(429, "too many requests for this callback's host wait for verification")
        serial = content.serial if content else 0
        await self._requests.keep(wish, host, serial, secrets.token_hex(16), now)
        self._wake()
        return Reply(202, f"accepted; the callback will be asked to confirm to {wish.mode}")

    async def announce(self, serials: Mapping[str, int], now: datetime) -> int:
        """Take note of how far topics are, by URL; return how many subscribers are behind by it.

        Idempotent, and cheap when nothing is new: to be told after every publishing and at the
        start, so that what was published as a process died is pushed all the same.
        """
        news = await self._subscriptions.announce(serials, now)
        if news:
            self._wake()
        return news

    async def deny(self, topics: Collection[str], now: datetime) -> int:
        """End the subscriptions to topics that are gone for good; tell their callbacks (5.2)."""
        ended = await self._subscriptions.deny(topics, secrets.token_hex(16), now)
        if ended:
            self._wake()
        return ended

    async def work(self, clock: Clock) -> None:
        """Start whatever is due and has room, and return at once; one call at a time.

        Raises what an earlier piece of work has raised: StoreError, or a defect.
        """
        self._verifying.check()
        self._pushing.check()
        await self._expire(clock())
        await self._verifying.fill(
            self._requests, clock, self._claim, lambda request: self._verify(request, clock)
        )
        await self._pushing.fill(
            self._subscriptions, clock, self._claim, lambda push: self._push(push, clock)
        )

    async def recover(self) -> None:
        """Free the claims of a process that died: for whoever is alone on its database."""
        await self._requests.abandon()
        await self._subscriptions.abandon()

    async def counts(self, now: datetime) -> Counts:
        """Count the subscriptions in force, and those that are behind."""
        return await self._subscriptions.counts(now)

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await self._verifying.settle()
        await self._pushing.settle()

    async def stop(self) -> None:
        """Break off what is under way; it is done again by whoever works next."""
        await self._verifying.stop()
        await self._pushing.stop()

    async def _has_room(self, wish: Wish, host: str, now: datetime) -> bool:
        """Tell whether a callback may be asked: we will not be used to flood anybody.

        Whoever knows the callback of a subscription in force has proven that it is theirs.
        """
        if await self._subscriptions.has(wish.callback, wish.topic, now):
            return True
        ours, all_ = await self._requests.pressure(host, now, self._memory)
        return ours < self._settings.pending_per_host and all_ < self._settings.pending

    async def _expire(self, now: datetime) -> None:
        """Clear away, now and then, what is over; nothing of it is used meanwhile."""
        if now < self._expired_at + _CLEARED_EVERY:
            return
        self._expired_at = now
        await self._subscriptions.expire(now)
        await self._requests.expire(now - self._memory)

    async def _verify(self, request: Request, clock: Clock) -> None:
        """Ask a callback whether it meant it (5.3), or tell it that it cannot be (5.2)."""
        content = await self._topics(request.topic)
        if request.mode is Mode.DENIED:
            await self._tell(request, clock)
        elif request.mode is Mode.SUBSCRIBE and content is None:
            await self._requests.deny(request)
        else:
            await self._ask(request, content.serial if content else 0, clock)

    async def _ask(self, request: Request, serial: int, clock: Clock) -> None:
        challenge, asked_at = secrets.token_urlsafe(32), clock()
        parameters = {
            "hub.mode": str(request.mode),
            "hub.topic": request.said,
            "hub.challenge": challenge,
        }
        if request.mode is Mode.SUBSCRIBE:
            parameters["hub.lease_seconds"] = str(request.lease)
        answer = await self._get(request.callback, parameters, len(challenge) + 1)
        if protocol.confirms(answer, challenge):
            await self._requests.activate(request, asked_at, serial)
        elif isinstance(answer, Answer) or not await self._wait(request, clock):
            await self._requests.fail(request)

    async def _tell(self, request: Request, clock: Clock) -> None:
        parameters = {
            "hub.mode": str(Mode.DENIED),
            "hub.topic": request.said,
            "hub.reason": _REASON,
        }
        answer = await self._get(request.callback, parameters, 0)
        if isinstance(answer, Answer) or not await self._wait(request, clock):
            await self._requests.forget(request)

    async def _wait(self, request: Request, clock: Clock) -> bool:
        due = protocol.next_verification(request.attempts + 1, clock(), request.ticket)
        if due is not None:
            await self._requests.wait(request, due)
        return due is not None

    async def _get(self, callback: str, parameters: dict[str, str], limit: int) -> Answer | Failure:
        url = protocol.with_parameters(callback, parameters)
        return await self._outgoing.send("GET", url, limit=limit, seconds=self._settings.patience)

    async def _push(self, push: Push, clock: Clock) -> None:
        """Send a topic as it stands to one callback, and record what came of it (7)."""
        content = await self._topics(push.topic)
        if content is None or content.serial < push.wanted:
            due = clock() + (_ABSENT if content is None else _STALE)
            await self._subscriptions.postpone(push, due)
            return
        answer = await self._outgoing.send(
            "POST",
            push.callback,
            headers=protocol.push_headers(
                push.topic, self.url, content.content_type, content.body, push.secret
            ),
            content=content.body,
            seconds=self._settings.patience,
        )
        words = answer.reason if isinstance(answer, Failure) else str(answer.status)
        now = clock()
        match protocol.outcome(answer):
            case Outcome.DELIVERED:
                await self._subscriptions.delivered(push, content.serial, now, words)
            case Outcome.ENDED:
                await self._subscriptions.end(push)
            case Outcome.FAILED:
                due_again = protocol.next_push(push.attempts + 1, now, push.key)
                await self._subscriptions.failed(push, due_again, now, words)
