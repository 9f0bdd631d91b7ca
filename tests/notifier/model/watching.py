"""What a random history is checked by: the promises, the relay's offers and the ledger's own laws.

Has no rules of its own; see `machine`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from hypothesis.stateful import RuleBasedStateMachine, invariant

from feeds import Article
from notifier.digest.spec import DigestSpec
from notifier.schedule.slots import next_slot
from notifier.subscriber import Declaration
from tests.notifier.model.books import KEPT
from tests.notifier.model.promise import Place, Promise, Promises, Story
from tests.notifier.model.relay import Mood, Offer
from tests.notifier.model.tiles import Tiles, stands_of
from tests.notifier.model.world import SECTIONS, START, World, an_article_named

READERS = ("ada", "ben", "cyd")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FOREVER = date(2040, 1, 1)

T = TypeVar("T")


class Watched(RuleBasedStateMachine):
    """A publication that is watched; `url` and `folder` come from the test, `world` from a rule."""

    url: str
    folder: Path
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.is_open = False
        self.promises = Promises()
        self.declared: dict[str, Declaration] = {}
        self.undeclared: set[Place] = set()
        self.left: set[Place] = set()
        self.paused: set[Place] = set()
        self.articles: dict[str, Article] = {}
        self.telling: dict[str, Story] = {}  # the story that an article tells now
        self.stories: dict[str, Story] = {}
        self.numbers: dict[int, Story] = {}  # by arrival
        self.has: dict[str, dict[str, Offer]] = {reader: {} for reader in READERS}
        self.doubted: set[str] = set()
        self.checked = 0
        self.tiles = Tiles()
        self.deaths = 0
        self.latest = START

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine."""
        return self.runner.run(work)

    def look(self) -> None:
        """The service looks what is due; what can be seen by then is promised."""
        self.do(self.world.look())
        self.note_arrivals()

    def send(self, moods: list[Mood], rest: Mood) -> None:
        """What is due is offered to the relay, which answers so."""
        self.world.relay.be(moods, rest)
        self.do(self.world.deliver())

    def tell_all(self, kinds: list[tuple[str, bool]]) -> None:
        """New articles arrive together, of these sections, about rivers or not."""
        made = [
            self._made(f"a{len(self.articles) + 1}", section, rivers) for section, rivers in kinds
        ]
        self.do(self.world.ingest(*made))

    def tell(self, article: str, section: str, rivers: bool, **fields: Any) -> None:
        """An article tells a story of its own."""
        self.do(self.world.ingest(self._made(article, section, rivers, **fields)))

    def _made(self, article: str, section: str, rivers: bool, **fields: Any) -> Article:
        """Return an article that tells a story of its own."""
        story = Story(f"t{len(self.stories) + 1}", section, rivers)
        self.stories[story.name] = self.telling[article] = story
        made = an_article_named(article, story.name, section, rivers=rivers, **fields)
        self.articles[article] = replace(made, resend=False)
        return made

    def put(self, name: str, article: Article) -> None:
        """An article is told in other words."""
        self.articles[name] = article
        self.do(self.world.ingest(replace(article, fingerprint="")))

    def come_and_go(self) -> None:
        """Note who is subscribed no more, and who is again."""
        gone = self.do(self.world.suppressed())
        for place in self.promises.wishes:
            away = place in self.left | self.undeclared or place[0] in gone
            if away and self.promises.is_subscribed(place):
                self.promises.leave(place)
            elif not (away or self.promises.is_subscribed(place)):
                self.promises.come_back(place)

    def pause(self, reader: str, digest: str, *, pauses: bool) -> None:
        """A reader who is declared for a digest pauses it for ever, or goes on."""
        declared = self.declared[reader]
        choice = replace(declared.digests[digest], pause_until=FOREVER if pauses else None)
        self.declared[reader] = replace(declared, digests={**declared.digests, digest: choice})
        self.do(self.world.declare(self.declared.values()))
        (self.paused.add if pauses else self.paused.discard)((reader, digest))

    @invariant()
    def what_was_promised_is_kept(self) -> None:
        """After every step: as far as it has come."""
        offers = self.world.relay.offers[self.checked :]
        self.checked += len(offers)
        for offer in offers:
            self._check(offer)
        rows = self.do(self.world.rows())
        for row in rows:
            told = [self.numbers[one] for one in row.arrivals]
            if row.state == "failed":
                self.promises.lose((row.reader, row.digest), told)
            elif row.state == "in_doubt":
                self.promises.doubt(row.reader, told)
        self.come_and_go()
        self.note_arrivals()
        assert self.do(self.world.broken_laws()) == []
        kept = {(row.reader, one) for row in rows if row.state in KEPT for one in row.arrivals}
        stands = self.do(stands_of(self.world.database))
        last = max(self.numbers, default=0)
        assert self.tiles.broken_laws(stands, lambda *who: self._owes(kept, *who), last) == []

    def _owes(self, kept: set[tuple[str, int]], reader: str, digest: str, arrival: int) -> bool:
        """Tell whether a digest surely gives an arrival that nothing has claimed so far."""
        story = self.numbers.get(arrival)
        if story is None or (reader, arrival) in kept:
            return False
        return self.promises.word((reader, digest), story) is Promise.SURELY

    def note_arrivals(self) -> None:
        """What can be seen now is promised from now on."""
        for name, number, when in self.do(self.world.arrivals()):
            if number not in self.numbers:
                self.numbers[number] = self.stories[name]
                self.promises.arrive(self.stories[name], when)

    def _check(self, offer: Offer) -> None:
        """One message that the relay was offered."""
        reader, place, name = offer.reader, (offer.reader, offer.digest), offer.letter.message_id
        assert self.promises.is_subscribed(place), f"{place} is not subscribed"
        assert place not in self.paused, f"{place} is paused"
        same = [one for one in self.world.relay.offers if one.letter.message_id == name]
        assert {one.letter.content for one in same} == {offer.letter.content}, "other bytes"
        if offer.taken:
            again = name in self.has[reader]
            assert not again or name in self.doubted, f"{name} comes again without a doubt"
            for story in () if again else offer.stories:
                word = self.promises.word(place, self.stories[story])
                assert word is not Promise.NEVER, f"{story} was never promised to {place}"
                assert story not in self._told(reader), f"{story} comes to {reader} again"
            self.has[reader].setdefault(name, offer)
        if offer.in_doubt:
            self.doubted.add(name)

    def _told(self, reader: str) -> set[str]:
        """The stories that a reader has."""
        return set().union(*(offer.stories for offer in self.has[reader].values()))

    def teardown(self) -> None:
        """In the end everybody has what was promised."""
        if not self.is_open:
            return
        try:
            self._come_to_rest()
            for reader in READERS:
                missing = {story.name for story in self.promises.owed(reader)}
                missing -= self._told(reader)
                assert not missing, f"{reader} never got {sorted(missing)}"
        finally:
            self.do(self.world.close())
            self.runner.close()

    def _come_to_rest(self) -> None:
        """All goes well from now on, and there is something for everybody at each slot."""
        self.world.now = max(self.latest, self.world.now)
        self.do(self.world.ledger.abandon(self.world.now))
        for place in sorted(self.paused):
            self.pause(*place, pauses=False)
        self._go_on(self.world.now + 3 * DAY)  # every embargo has ended by then
        for _ in range(2):
            self.tell_all([(SECTIONS[number % 3], True) for number in range(9)])
            for slot in sorted(self._next_slots() | {self.world.now + 3 * HOUR}):
                self._go_on(slot)
        self._go_on(self.world.now + 5 * HOUR)

    def _next_slots(self) -> set[datetime]:
        """The instants at which those who are declared are due next."""
        found = set()
        for reader in self.declared.values():
            for name, choice in reader.digests.items():
                schedule = choice.schedule or self.world.digest(name).schedule
                zone = reader.timezone or self.world.settings.site.timezone
                slot = next_slot(schedule, zone, self.world.now)
                found |= {slot.instant} if slot else set()
        return found

    def _go_on(self, moment: datetime) -> None:
        """Everything that can be done is done."""
        self.world.now = max(moment, self.world.now)
        self.look()
        self.do(self.world.release())
        self.send([], Mood.TAKES)
        self.what_was_promised_is_kept()

    @property
    def names(self) -> list[str]:
        """The names of the digests."""
        return [spec.name for spec in self.world.settings.digests]

    def digest_of(self, index: int) -> DigestSpec:
        """Return one of the digests."""
        return self.world.digest(self.names[index % len(self.names)])

    def place_of(self, place: tuple[str, int]) -> Place:
        """Return a reader and one of the digests."""
        return place[0], self.digest_of(place[1]).name
