"""The declared subscribers, from YAML and from CSV, and what they refer to.

Refuses an address that stands twice, however it is spelled, and digests and topics that are not
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from notifier.configuration.files import Item
from notifier.configuration.models import ChoiceSection, SubscriberSection
from notifier.configuration.plain_readers import PlainReaders
from notifier.configuration.problems import Report, closest, did_you_mean, parted
from notifier.configuration.sections import Unread
from notifier.configuration.selections import check_commas
from notifier.configuration.validation import Part, check
from notifier.digest.spec import DigestSpec
from notifier.subscriber import Choice, Declaration, address_key

Topics = Mapping[str, tuple[str, ...]]  # the names of the topics, by digest
Confined = Mapping[str, DigestSpec]  # the digests that say which schedules readers may choose


@dataclass(slots=True)
class Readers:
    """Collects the subscribers one after the other."""

    topics: Topics
    unread: Unread  # a digest that is not there may be in it
    environ: Mapping[str, str]
    report: Report
    confined: Confined = field(default_factory=dict)
    found: list[Declaration] = field(default_factory=list)
    meant: set[str] = field(default_factory=set)  # digests that were probably meant
    _unclear: list[object] = field(default_factory=list)  # readers whose digests nobody can tell
    _places: dict[str, int] = field(default_factory=dict)  # in `found`, by address
    _items: list[Item] = field(default_factory=list)  # where those of `found` stand

    def add(self, items: Iterable[Item]) -> None:
        """Check each of `items` and add it."""
        plain = PlainReaders(self.topics, self.confined)
        for item in items:
            declared = None if item.file.has_references else plain.read(item.value)
            if declared is not None and self._is_first(declared.email):
                self._keep(declared, item)
                continue
            part = check(SubscriberSection, item, self.environ, self.report)
            if part is not None:
                self._add(part)
            if part is None or (_says_digests(item) and not part.values.digests):
                self._unclear.append(item.value)

    def wanted(self, digests: Iterable[str]) -> frozenset[str]:
        """Return those of `digests` that some reader gets, or was probably meant to get."""
        named = self.meant.union(*(reader.digests for reader in self.found))
        unclear = str(self._unclear)
        return frozenset(name for name in digests if name in named or name in unclear)

    def placed(self) -> Iterator[tuple[Declaration, Item]]:
        """Yield each subscriber with the place where it is declared."""
        yield from zip(self.found, self._items, strict=True)

    def _is_first(self, email: str) -> bool:
        place = len(self.found)
        return self._places.setdefault(address_key(email), place) == place

    def _keep(self, declared: Declaration, item: Item) -> None:
        self.found.append(declared)
        self._items.append(item)

    def _add(self, part: Part[SubscriberSection]) -> None:
        values, item = part.values, part.item
        stands_in = values.email == SubscriberSection.stand_in["email"]
        declared = _declaration(values)
        if not (stands_in or self._is_first(values.email)):
            self._tell_twice(declared, part)
        if not (stands_in or values.digests or _says_digests(item)):
            self.report.warning(item.at(), "this reader gets nothing: there are no `digests`")
        for name, choice in values.digests.items():
            self._check(name, choice.topics, part)
            check_commas(part, ("digests", name, "words"), self.report)
            self._check_schedule(name, choice, part)
        self._keep(declared, item)

    def _tell_twice(self, declared: Declaration, part: Part[SubscriberSection]) -> None:
        place = self._places[address_key(declared.email)]
        same = replace(self.found[place], email=declared.email) == declared
        twice = "twice" if same else "twice, with other choices"
        message = f"{part.quoted(declared.email, 'email')} stands here {twice}"
        first = self._items[place].at("email")
        hint = "" if same else "keep one of them, with the choices of both"
        self.report.error(part.item.at("email"), f"{message}; the first is in {first}", hint)

    def _check(self, digest: str, topics: tuple[str, ...], part: Part[SubscriberSection]) -> None:
        item, position = part.item, _position(part, digest)
        if digest not in self.topics:
            unread = {("digests",), ("digests", *position)} & part.expanded.failed
            if unread or self.unread.may_say(digest):
                return
            hint = did_you_mean(digest, self.topics)
            self.meant.update(closest(one, tuple(self.topics)) for one in parted(digest))
            name = part.quoted(digest, "digests", *position)
            self.report.error(item.key("digests", *position), f"there is no digest {name}", hint)
            return
        for number, topic in enumerate(topics):
            if topic not in self.topics[digest] and not self.unread.may_say(topic):
                hint = did_you_mean(topic, self.topics[digest])
                steps = ("digests", digest, "topics", number)
                message = f"the digest `{digest}` has no topic {part.quoted(topic, *steps)}"
                self.report.error(item.at(*steps), message, hint)

    def _check_schedule(
        self, digest: str, choice: ChoiceSection, part: Part[SubscriberSection]
    ) -> None:
        spec = self.confined.get(digest)
        if choice.schedule is None or spec is None or spec.offers(choice.schedule):
            return
        message = f"the digest `{digest}` does not offer `{choice.schedule.canonical}`"
        spot = part.item.at("digests", digest, "schedule")
        self.report.error(spot, message, f"offered: {spec.offered}")


def _says_digests(item: Item) -> bool:
    return isinstance(item.value, dict) and bool(item.value.get("digests"))


def _position(part: Part[SubscriberSection], digest: str) -> tuple[str | int, ...]:
    """Return the steps to `digest` below `digests`: a key, a number in a list, or none for text."""
    value = part.expanded.value
    declared = value.get("digests") if isinstance(value, dict) else None
    if isinstance(declared, list) and digest in declared:
        return (declared.index(digest),)
    return (digest,) if isinstance(declared, dict) else ()


def _declaration(values: SubscriberSection) -> Declaration:
    return Declaration(
        email=values.email,
        name=values.name,
        timezone=values.timezone,
        language=values.language,
        digests={
            name: Choice(
                topics=choice.topics,
                words=choice.words,
                schedule=choice.schedule,
                pause_until=choice.pause_until or values.pause_until,
            )
            for name, choice in values.digests.items()
        },
    )
