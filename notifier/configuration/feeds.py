"""The declared feeds: selections, searches, combinations, and feeds for each tag or section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from feeds import Body, FeedSpec, ForEach, Kind, Query, can_match
from notifier.configuration.combining import Combination, combine
from notifier.configuration.files import Item
from notifier.configuration.models import FeedSection, ForEachSection
from notifier.configuration.problems import Report, did_you_mean
from notifier.configuration.scalars import NAMES, is_name, one_of
from notifier.configuration.sections import Sections
from notifier.configuration.selections import check_commas, check_selection, query, why_never
from notifier.configuration.validation import Part, check, check_value

_KINDS = tuple(map(str, Kind))


def feeds(
    sections: Sections, environ: Mapping[str, str], known_sources: tuple[str, ...], report: Report
) -> tuple[FeedSpec, ...]:
    """Return the feeds in the order of the files; a broken one is there too, to be referred to."""
    parts: dict[str, Part[FeedSection] | None] = {}
    for name, item in sections.feeds.items():
        if not is_name(name):
            report.error(item.key(), f"`{name[:60]}` cannot be a name", NAMES)
        whole = replace(item, value={}) if item.value is None else item
        part = parts[name] = check(FeedSection, whole, environ, report)
        if part is not None:
            check_selection(part.values.select, part, ("select",), known_sources, report)
            check_commas(part, ("words",), report)
    combinations = {name: _combination(part, report) for name, part in parts.items()}
    selections = combine(combinations, report, sections.unread)
    for part in parts.values():
        if part is not None and part.sound:
            _check_reach(part, selections, report)
    return tuple(_feed(name, part, selections[name]) for name, part in parts.items())


def _check_reach(part: Part[FeedSection], selections: Mapping[str, Query], report: Report) -> None:
    """Warn of a feed that no article can ever be in, unless another one is to blame."""
    item, name = part.item, str(part.item.path[-1])
    inner = [selections[feed] for feed in part.values.feeds if feed in selections]
    if can_match(selections[name]) or not all(map(can_match, inner)):
        return
    says = isinstance(item.value, dict) and "select" in item.value
    message = f"no article can ever be in the feed `{name}`"
    spot = item.at("select") if says else item.key()
    report.warning(spot, message, why_never(selections[name]))


def _combination(part: Part[FeedSection] | None, report: Report) -> Combination:
    if part is None:
        return Combination(Query())
    values = part.values
    own = query(values.select)
    if values.words and own.words:
        hint = "keep one of them"
        report.error(part.item.key("words"), "there are `words` here and in `select`", hint)
    return Combination(replace(own, words=own.words + values.words), values.feeds, part)


def _feed(name: str, part: Part[FeedSection] | None, select: Query) -> FeedSpec:
    if part is None:
        return FeedSpec(name=name, title=name)
    values = part.values
    return FeedSpec(
        name=name,
        title=values.title or ", ".join(values.words) or name,
        select=select,
        description=values.description,
        language=values.language,
        items=values.items,
        body=Body(values.content),
        was=values.was,
    )


def selections(specs: tuple[FeedSpec, ...]) -> dict[str, Query]:
    """Return what each feed selects, by its name."""
    return {spec.name: spec.select for spec in specs}


def for_each(sections: Sections, environ: Mapping[str, str], report: Report) -> tuple[ForEach, ...]:
    """Return of what there is a feed for each; a list of kinds, or a map with how they are."""
    item = sections.single.get("feeds_for_each")
    if item is None:
        return ()
    found: dict[Kind, ForEach] = {}
    for kind, part in _kinds(item, environ, report):
        values = part.values if part else ForEachSection()
        if part and "{name}" not in values.title:
            hint = "write `{name}` where its name goes"
            report.warning(part.item.at("title"), "all these feeds have the same title", hint)
        body = Body(values.content)
        found[kind] = ForEach(kind=kind, title=values.title, items=values.items, body=body)
    for name, feed in sections.feeds.items():
        if any(name.startswith(f"{kind}-") for kind in found):
            message = "this feed takes the place of one that `feeds_for_each` makes"
            report.warning(feed.key(), message, "give it another name, unless that is meant")
    return tuple(found.values())


def _kinds(
    item: Item, environ: Mapping[str, str], report: Report
) -> list[tuple[Kind, Part[ForEachSection] | None]]:
    """Return the kinds that `item` names, with what it says of each."""
    if isinstance(item.value, dict):
        return _described(item, item.value, environ, report)
    named = [item]
    if isinstance(item.value, list):
        path, values = item.path, enumerate(item.value)
        named = [Item(item.file, (*path, number), value) for number, value in values]
    words = [check_value(one_of(*_KINDS), word, environ, report) for word in named]
    return [(Kind(word), None) for word in words if word]


def _described(
    item: Item, kinds: Mapping[str, object], environ: Mapping[str, str], report: Report
) -> list[tuple[Kind, Part[ForEachSection] | None]]:
    found = []
    for key, value in kinds.items():
        inner = Item(item.file, (*item.path, key), {} if value is None else value)
        if key in _KINDS:
            found.append((Kind(key), check(ForEachSection, inner, environ, report)))
        else:
            report.error(inner.key(), f"unknown key `{key}`", did_you_mean(key, _KINDS))
    return found
