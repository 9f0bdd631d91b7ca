"""A relay in memory that answers as it is told, and writes down what it was offered and took."""

from __future__ import annotations

import asyncio
import enum
import re
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from notifier.delivery.delivery import Answer, Letter, Phase, classify, unanswered
from notifier.delivery.stream import Work
from notifier.delivery.transaction import Permit
from notifier.settings import DkimProfile

_STORY = re.compile(rb"^\[([\w-]+)\]", re.MULTILINE)
_LIST = re.compile(rb"^List-Id:.*?<(\w+)\.", re.MULTILINE | re.DOTALL)


class Mood(enum.Enum):
    """How the relay answers one letter."""

    TAKES = "takes it"
    LATER = "4xx to RCPT"
    REFUSES = "5xx to DATA"
    DEAD = "no such address"
    HALTS = "refuses the sender"
    LOST_BEFORE = "connection lost in the body"
    LOST_UNTAKEN = "connection lost after the final dot, not taken"
    LOST_TAKEN = "connection lost after the final dot, taken"


ANSWERS = {
    Mood.TAKES: classify(250, "2.0.0 taken", Phase.ANSWER),
    Mood.LATER: classify(450, "4.2.0 later", Phase.RECIPIENT),
    Mood.REFUSES: classify(554, "5.7.1 not wanted", Phase.ANSWER),
    Mood.DEAD: classify(550, "5.1.1 nobody there", Phase.RECIPIENT),
    Mood.HALTS: classify(550, "5.7.1 not you", Phase.SENDER),
    Mood.LOST_BEFORE: unanswered(Phase.BODY, "gone"),
    Mood.LOST_UNTAKEN: unanswered(Phase.ANSWER, "gone"),
    Mood.LOST_TAKEN: unanswered(Phase.ANSWER, "gone"),
}


@dataclass(frozen=True)
class Offer:
    """A letter that the relay was offered, and how it answered."""

    letter: Letter
    mood: Mood

    @property
    def reader(self) -> str:
        """The reader's name."""
        return self.letter.recipient.partition("@")[0]

    @property
    def digest(self) -> str:
        """The name of the digest."""
        found = _LIST.search(self.letter.content)
        assert found is not None
        return found[1].decode()

    @property
    def stories(self) -> frozenset[str]:
        """The names of the stories in it."""
        return frozenset(name.decode() for name in _STORY.findall(self.letter.content))

    @property
    def taken(self) -> bool:
        """Whether the reader has it."""
        return self.mood in {Mood.TAKES, Mood.LOST_TAKEN}

    @property
    def in_doubt(self) -> bool:
        """Whether we cannot know that."""
        return self.mood in {Mood.LOST_TAKEN, Mood.LOST_UNTAKEN}


@dataclass
class Relay:
    """A Transport; `moods` are used up one by one, then `rest` goes for all."""

    moods: deque[Mood] = field(default_factory=deque)
    rest: Mood = Mood.TAKES
    offers: list[Offer] = field(default_factory=list)
    profile: DkimProfile | None = None

    def be(self, moods: Iterable[Mood], rest: Mood) -> None:
        """Answer the next letters so, and all after them with `rest`."""
        self.moods, self.rest = deque(moods), rest

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Relay]:
        """Return itself: sessions do not differ."""
        yield self

    async def ready(self, stop: asyncio.Event | None = None) -> Answer | None:
        """A relay in memory is always ready."""
        return None

    async def send(self, letter: Letter, permit: Permit | None = None) -> Answer:
        """Note the letter, and answer as told; without the permit nothing leaves."""
        if permit is not None and not await permit():
            return unanswered(Phase.DATA, "not permitted any more")
        mood = self.moods.popleft() if self.moods else self.rest
        self.offers.append(Offer(letter, mood))
        return ANSWERS[mood]

    async def stream(self, work: Work) -> None:
        """Begin nothing: letters are sent one by one."""

    async def check(self) -> Answer | None:
        """A relay in memory is always there."""
        return None
