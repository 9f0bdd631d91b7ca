"""Comparing: what an edited configuration would change, beside the one that is in use.

Readers are compared with the store by the same functions that reconcile them; what newcomers would
get is counted among the articles that are there. Writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from feeds.store import ArticleStore
from notifier.configuration.snapshots import Snapshot
from notifier.digest.lane import LaneKey, chosen_in, selection_of
from notifier.roster import Change, Places
from notifier.schedule.language import parse_schedule
from notifier.schedule.slots import next_slot
from notifier.settings import Settings
from notifier.subscribing import ahead, is_removed

NAMES = 20  # readers who are named of each kind
_MOST = 10_000  # articles that are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A digest whose next slot, where the site is, would be another; None: none is due."""

    digest: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """So many readers, and the addresses of the first of them."""

    count: int = 0
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Older:
    """So many readers would get so many articles of a digest that have arrived already."""

    digest: str
    readers: int
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Everything that would change; `renamed` is from the old name to the new one.

    `kinds` are those of labels that have a feed each. `settings` are the other settings, by their
    path: the old value and the new one.
    """

    feeds_added: tuple[str, ...] = ()
    feeds_removed: tuple[str, ...] = ()
    feeds_renamed: Mapping[str, str] = field(default_factory=dict)
    kinds_added: tuple[str, ...] = ()
    kinds_removed: tuple[str, ...] = ()
    digests_added: tuple[str, ...] = ()
    digests_removed: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()
    settings: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    readers_added: Readers = field(default_factory=Readers)
    readers_changed: Readers = field(default_factory=Readers)
    readers_removed: Readers = field(default_factory=Readers)
    older: tuple[Older, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether there is any."""
        return self != Difference()


async def compare(
    before: Snapshot,
    edited: Snapshot,
    settings: Settings,
    places: Places,
    store: ArticleStore,
    now: datetime,
) -> Difference:
    """Return what `settings`, of which `edited` is a snapshot, would change of `before`."""
    readers = _Readers()
    async for change in ahead(settings, places, store, now):
        readers.note(change)
    renamed = {
        old: name
        for name, olds in edited.feeds.items()
        for old in olds
        if old in before.feeds and old not in edited.feeds
    }
    new = [name for name in edited.feeds if name not in before.feeds]
    kinds, others = _kinds(before), _kinds(edited)
    return Difference(
        feeds_added=tuple(name for name in new if name not in renamed.values()),
        feeds_removed=tuple(
            name for name in before.feeds if name not in edited.feeds and name not in renamed
        ),
        feeds_renamed=renamed,
        kinds_added=tuple(kind for kind in others if kind not in kinds),
        kinds_removed=tuple(kind for kind in kinds if kind not in others),
        digests_added=tuple(name for name in edited.digests if name not in before.digests),
        digests_removed=tuple(name for name in before.digests if name not in edited.digests),
        moved=tuple(_moved(before, edited, now)),
        settings=_changed(before, edited),
        readers_added=readers.told("added"),
        readers_changed=readers.told("changed"),
        readers_removed=readers.told("removed"),
        older=tuple(await readers.older(settings, store, now)),
    )


@dataclass(slots=True)
class _Readers:
    """What would become of readers: how many, the first of them, and where newcomers begin."""

    counts: Counter[str] = field(default_factory=Counter)
    named: dict[str, list[str]] = field(default_factory=dict)
    begin: Counter[tuple[LaneKey, int]] = field(default_factory=Counter)

    def note(self, change: Change) -> None:
        before = change.before
        kind = "removed" if is_removed(change) else "changed"
        if before is None or (before.declared is None and change.after.declared is not None):
            kind = "added"
        self.counts[kind] += 1
        names = self.named.setdefault(kind, [])
        if len(names) < NAMES:
            names.append(change.after.address)
        held = before.held if before else {}
        for digest, one in change.after.held.items():
            was = held.get(digest)
            if one.active and one.lane is not None and (was is None or not was.active):
                self.begin[one.lane, change.starts[digest]] += 1

    def told(self, kind: str) -> Readers:
        return Readers(count=self.counts[kind], named=tuple(self.named.get(kind, ())))

    async def older(
        self, settings: Settings, store: ArticleStore, now: datetime
    ) -> Sequence[Older]:
        """Return how many newcomers would get how many articles that are there already."""
        specs = {spec.name: spec for spec in settings.digests}
        upto = await store.arrival_at(now)
        found: Counter[tuple[str, int]] = Counter()
        for (lane, start), readers in self.begin.items():
            selection = selection_of(specs[lane.digest], *chosen_in(lane.selection))
            there = len(await store.standings(start, upto, _MOST, selection))
            found[lane.digest, there] += readers
        return [
            Older(digest=digest, readers=readers, articles=articles)
            for (digest, articles), readers in sorted(found.items())
            if articles
        ]


def _moved(before: Snapshot, edited: Snapshot, now: datetime) -> list[Moved]:
    found = []
    for name, (schedule, zone) in edited.digests.items():
        if name in before.digests and before.digests[name] != (schedule, zone):
            slots = [_next(*before.digests[name], now), _next(schedule, zone, now)]
            if slots[0] != slots[1]:
                found.append(Moved(digest=name, before=slots[0], after=slots[1]))
    return found


def _next(schedule: str, zone: str, now: datetime) -> str | None:
    slot = next_slot(parse_schedule(schedule), zone, now)
    return slot.identity if slot else None


def _kinds(snapshot: Snapshot) -> dict[str, None]:
    """Return the kinds of labels that have a feed each, in their order."""
    paths = (path.split(".") for path in snapshot.settings)
    return dict.fromkeys(path[1] for path in paths if path[0] == "feeds_for_each" and path[1:])


def _changed(before: Snapshot, edited: Snapshot) -> dict[str, tuple[object, object]]:
    """Return the settings that differ, but those of what comes or goes as a whole."""
    both = {f"feeds.{name}." for name in before.feeds.keys() ^ edited.feeds.keys()}
    both |= {f"digests.{name}." for name in before.digests.keys() ^ edited.digests.keys()}
    kinds = _kinds(before).keys() ^ _kinds(edited).keys()
    both |= {f"feeds_for_each.{kind}." for kind in kinds}
    found = {}
    for path in dict.fromkeys([*before.settings, *edited.settings]):
        old, new = before.settings.get(path), edited.settings.get(path)
        if old != new and not any(f"{path}.".startswith(prefix) for prefix in both):
            found[path] = (old, new)
    return found
