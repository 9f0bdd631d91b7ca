"""The press: everything that publishing needs, and what follows from its declarations.

Holds what publishing works with; publishes nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from feeds.feed import Chain, FeedSpec, Site
from feeds.kit.text import digest
from feeds.labels import ForEach
from feeds.publish import DatabaseShelf
from feeds.render import RENDERING, Kept
from feeds.selections import Selections
from feeds.store import ArchiveManifest, ArticleStore, FeedIndex, LabelStore


@dataclass(frozen=True, slots=True)
class Offer:
    """All feeds there are by name, and what they select."""

    specs: Mapping[str, FeedSpec]
    selections: Selections[str]

    @classmethod
    def of(cls, specs: Iterable[FeedSpec]) -> Offer:
        """Return the offer of these feeds."""
        named = {spec.name: spec for spec in specs}
        return cls(named, Selections({name: spec.select for name, spec in named.items()}))


@dataclass(slots=True)
class InOrder:
    """The feeds as they were found in order, and in which generation; none before the first look.

    Spares comparing all feeds with the store's each time, and decides nothing: where the store is
    of another generation, they are compared.
    """

    generation: int = 0
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """Everything that publishing needs."""

    store: ArticleStore
    index: FeedIndex
    shelf: DatabaseShelf
    archives: ArchiveManifest
    labels: LabelStore
    site: Site
    feeds: tuple[FeedSpec, ...]
    for_each: tuple[ForEach, ...] = ()
    hubs: tuple[str, ...] = ()
    kept: Kept = field(default_factory=Kept)
    in_order: InOrder = field(default_factory=InOrder, init=False, repr=False, compare=False)


async def catalogue(press: Press) -> tuple[FeedSpec, ...]:
    """Return all feeds there are: the declared ones, then those for each label that occurs."""
    specs = {spec.name: spec for spec in press.feeds}
    declared = {for_each.kind: for_each for for_each in press.for_each}
    found = await press.labels.labels(declared) if declared else []
    order = list(declared)
    for label in sorted(found, key=lambda label: order.index(label.kind)):
        spec = declared[label.kind].feed(label)
        specs.setdefault(spec.name, spec)
    return tuple(specs.values())


async def chain_of(press: Press, spec: FeedSpec) -> Chain:
    """Return where the live feed of `spec` stands: before its newest archive."""
    newest, _ = (await press.archives.standing([spec.name]))[spec.name]
    return chain_before(press, spec, newest)


def chain_before(press: Press, spec: FeedSpec, number: int) -> Chain:
    """Return where the live feed stands whose newest archive is that of `number`; 0 is none."""
    return Chain(previous=spec.archive_name(number) if number else "", hubs=press.hubs)


@lru_cache(maxsize=8192)
def rendering_key(spec: FeedSpec, site: Site, hubs: tuple[str, ...] = ()) -> str:
    """Another one means that the same articles come out as other bytes."""
    plain = replace(spec, select=type(spec.select)(), was=())
    return digest(str(RENDERING), repr(plain), repr(site), *hubs)
