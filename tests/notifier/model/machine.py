"""Random histories of a publication, each step checked against what readers are promised.

The machine does what may happen to the service: articles come, change and go; readers come, change
and go; the operator edits; time passes, or is set back; the relay answers as it likes; processes
die. After each step it compares what the relay was offered with `promise`, and asks the ledger
whether its own laws hold. In the end the relay takes everything, every pause ends and enough slots
pass: then each reader must have exactly what is promised.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from feeds import Date
from notifier.digest.lane import welcome_since
from notifier.schedule.language import parse_schedule
from notifier.schedule.slots import next_slot
from notifier.subscriber import Choice, Declaration
from tests.notifier.model.promise import Wish
from tests.notifier.model.relay import Mood
from tests.notifier.model.watching import DAY, HOUR, READERS, Watched
from tests.notifier.model.world import DIGESTS, MINUTE, SECTIONS, World

ZONES = ("", "America/New_York", "Australia/Lord_Howe")
OWN = ("", "every day at 07:30", "every monday at 07:30", "every 6 hours")
DEFAULTS = ("every day at 07:30", "every day at 08:00", "every day at 06:10")
WAITS = [MINUTE, 3 * MINUTE, 16 * MINUTE, HOUR, DAY / 4, DAY / 2, DAY, 3 * DAY, 8 * DAY]
HARMLESS = [Mood.TAKES, Mood.LATER, Mood.HALTS, Mood.LOST_BEFORE]

indexes = st.integers(0, 7)
readers = st.sampled_from(READERS)
places = st.tuples(readers, st.integers(0, 2))


class Publication(Watched):
    """A publication with a few digests and readers."""

    @initialize(
        digests=st.sets(st.sampled_from(list(DIGESTS)), min_size=1, max_size=3),
        subscribed=st.sets(places, min_size=1, max_size=5),
    )
    def begin(self, digests: set[str], subscribed: set[tuple[str, int]]) -> None:
        """A publication opens."""
        specs = [DIGESTS[name] for name in DIGESTS if name in digests]
        self.world = World(self.url, self.folder, specs)
        self.is_open = True
        self.do(self.world.open())
        for reader, digest in sorted(subscribed):
            self.a_reader_chooses(reader, digest, "", "", set(), False)

    # Articles

    @rule(
        section=st.sampled_from(SECTIONS),
        rivers=st.booleans(),
        dated=st.sampled_from([timedelta(0), -365 * DAY, 2 * DAY, DAY / 2]),
        excerpt=st.booleans(),
    )
    def an_article_comes(self, section: str, rivers: bool, dated: timedelta, excerpt: bool) -> None:
        """New, back-dated by a year, or dated in the future; or only a teaser of it."""
        name = f"a{len(self.articles) + 1}"
        dates = Date(self.world.now + dated)
        self.tell(name, section, rivers, published=dates, excerpt=excerpt)

    @rule(many=st.integers(6, 12), section=st.sampled_from(SECTIONS))
    def many_articles_come(self, many: int, section: str) -> None:
        """An import."""
        self.tell_all([(section, False)] * many)

    def _name(self, which: int) -> str:
        """Return one of the last articles."""
        return list(self.articles)[-1 - which % len(self.articles)]

    @precondition(lambda self: self.articles)
    @rule(which=indexes, minor=st.booleans())
    def an_article_is_edited(self, which: int, minor: bool) -> None:
        """Other words under the same title; a teaser becomes its article."""
        name = self._name(which)
        known = self.articles[name]
        self.put(name, replace(known, text=known.text + " More.", excerpt=False, minor=minor))

    @precondition(lambda self: self.articles)
    @rule(which=indexes)
    def an_article_is_withdrawn_or_put_back(self, which: int) -> None:
        """By setting `withdrawn`, or taking it away."""
        name = self._name(which)
        known = self.articles[name]
        self.put(name, replace(known, withdrawn=not known.withdrawn))
        self.promises.withdraw(self.telling[name])

    @precondition(lambda self: self.articles)
    @rule(which=indexes)
    def an_article_is_published_again(self, which: int) -> None:
        """It arrives once more, as another story."""
        name = self._name(which)
        story = self.telling[name]
        if story in self.promises.arrived and not self.articles[name].withdrawn:
            self.promises.withdraw(story)
            self.tell(name, story.section, story.about_rivers, resend=True)

    # Readers

    @rule(
        reader=readers,
        digest=indexes,
        zone=st.sampled_from(ZONES),
        schedule=st.sampled_from(OWN),
        topics=st.sets(st.sampled_from(["sport", "culture"])),
        rivers=st.booleans(),
    )
    def a_reader_chooses(
        self,
        reader: str,
        digest: int,
        zone: str,
        schedule: str,
        topics: set[str],
        rivers: bool,
    ) -> None:
        """A reader is declared for a digest, or for it in another way."""
        spec = self.digest_of(digest)
        own = None if schedule == "" or spec.schedule.at_once else parse_schedule(schedule)
        choice = Choice(
            topics=tuple(sorted(topics)), words=("river",) if rivers else (), schedule=own
        )
        email = f"{reader}@readers.example"
        before = self.declared.get(reader, Declaration(email=email, name=reader))
        chosen = {**before.digests, spec.name: choice}
        self.declared[reader] = replace(before, timezone=zone, digests=chosen)
        self.do(self.world.declare(self.declared.values()))
        place = (reader, spec.name)
        wish = Wish(frozenset(spec.select.sections or SECTIONS), frozenset(topics), rivers)
        if place in self.promises.wishes:
            self.promises.change(place, wish)
        else:
            since = welcome_since(spec, own or spec.schedule, self.world.now)
            self.promises.subscribe(place, wish, since)
        self.undeclared.discard(place)
        self.paused.discard(place)
        self.come_and_go()

    @rule(place=places)
    def a_reader_is_removed(self, place: tuple[str, int]) -> None:
        """The operator declares the reader for a digest no more."""
        reader, digest = self.place_of(place)
        if (reader, digest) not in self.promises.wishes:
            return
        kept = {n: c for n, c in self.declared[reader].digests.items() if n != digest}
        self.declared[reader] = replace(self.declared[reader], digests=kept)
        self.do(self.world.declare(self.declared.values()))
        self.undeclared.add((reader, digest))
        self.paused.discard((reader, digest))
        self.come_and_go()

    @rule(place=places)
    def a_reader_leaves_or_returns(self, place: tuple[str, int]) -> None:
        """By the link in a message, and by the button on the page after it."""
        who = self.place_of(place)
        if who not in self.promises.wishes:
            return
        self.left ^= {who}
        change = self.world.leave if who in self.left else self.world.come_back
        self.do(change(*who))
        self.come_and_go()

    @rule(place=places)
    def a_reader_pauses_or_goes_on(self, place: tuple[str, int]) -> None:
        """A pause keeps the reader's place."""
        reader, digest = self.place_of(place)
        if reader in self.declared and digest in self.declared[reader].digests:
            self.pause(reader, digest, pauses=(reader, digest) not in self.paused)

    # The operator, the clock and the relay

    @rule(digest=indexes, schedule=st.sampled_from(DEFAULTS))
    def the_operator_moves_a_digest(self, digest: int, schedule: str) -> None:
        """A digest that is due once a day gets another hour."""
        spec = self.digest_of(digest)
        if spec.name in {"morning", "thin"}:
            self.do(self.world.edit(replace(spec, schedule=parse_schedule(schedule))))

    @rule()
    def the_operator_releases(self) -> None:
        """What was held for being far more than usual goes out."""
        self.do(self.world.release())

    @rule(by=st.sampled_from(WAITS))
    def time_passes(self, by: timedelta) -> None:
        """And nobody looks meanwhile."""
        self.world.now += by

    @rule()
    def the_clock_is_set_back(self) -> None:
        """By an hour."""
        self.latest = max(self.latest, self.world.now)
        self.world.now -= HOUR

    @rule(digest=indexes, late=st.sampled_from([-MINUTE, 0 * MINUTE, MINUTE, 13 * HOUR]))
    def a_slot_comes(self, digest: int, late: timedelta) -> None:
        """The service looks just before the next slot of a digest, at it, or after it."""
        spec = self.digest_of(digest)
        slot = next_slot(spec.schedule, self.world.settings.site.timezone, self.world.now)
        if slot is not None:
            self.world.now = max(self.world.now, slot.instant + late)
        self.the_service_looks()

    @rule()
    def the_service_looks(self) -> None:
        """What is due is opened."""
        self.look()

    @rule(moods=st.lists(st.sampled_from(Mood), max_size=4), rest=st.sampled_from(HARMLESS))
    def letters_leave(self, moods: list[Mood], rest: Mood) -> None:
        """What is due is offered to the relay, which answers as it likes."""
        self.send(moods, rest)

    @rule(digest=indexes)
    def a_round(self, digest: int) -> None:
        """A slot comes, and all goes well."""
        self.a_slot_comes(digest, 0 * MINUTE)
        self.letters_leave([], Mood.TAKES)

    @rule(place=places, section=st.sampled_from(SECTIONS))
    def a_slot_comes_while_a_reader_pauses(self, place: tuple[str, int], section: str) -> None:
        """What came meanwhile is owed when they go on."""
        for _ in range(2):
            self.a_round(place[1])
            self.what_was_promised_is_kept()
            self.a_reader_pauses_or_goes_on(place)
            self.tell(f"a{len(self.articles) + 1}", section, True)

    @rule(place=places, other=indexes, section=st.sampled_from(SECTIONS), leaves=st.booleans())
    def one_digest_puts_off_what_another_passes_over(
        self, place: tuple[str, int], other: int, section: str, leaves: bool
    ) -> None:
        """And then its message is refused, or its reader has left it."""
        self.tell(f"a{len(self.articles) + 1}", section, True)
        self.a_slot_comes(place[1], 0 * MINUTE)
        self.letters_leave([], Mood.LATER)
        self.a_slot_comes(other, 0 * MINUTE)
        self.what_was_promised_is_kept()
        if leaves:
            self.a_reader_leaves_or_returns(place)
        self.world.now += 5 * HOUR
        self.letters_leave([Mood.REFUSES], Mood.TAKES)

    @rule(transactions=st.integers(0, 12), after=st.booleans(), work=st.sampled_from("ODR"))
    def the_process_dies(self, transactions: int, after: bool, work: str) -> None:
        """In the middle of opening, delivering or releasing; another one takes over."""
        self.world.database.die(transactions, after=after)
        self.world.relay.be([], Mood.TAKES)
        works = {"O": self.world.look, "D": self.world.deliver, "R": self.world.release}
        before = len(self.world.relay.offers)
        died = self.do(works[work]())
        self.note_arrivals()
        if died:
            self.deaths += 1
            last = self.world.relay.offers[before:][-1:]
            self.doubted |= {offer.letter.message_id for offer in last}
        self.world.database.survive()
        if transactions % 2:
            self.do(self.world.ledger.abandon(self.world.now))

    # What must hold
