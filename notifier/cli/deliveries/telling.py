"""The books as plain values for programs, and as a table for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from notifier.cli.common import table
from notifier.delivery.books import Count
from notifier.delivery.delivery import State

BY_DIGEST, BY_ISSUE, BY_PROVIDER = "digest", "issue", "provider"
OTHERS = "all others"
_NAMES = {
    BY_DIGEST: ("digest",),
    BY_ISSUE: ("digest", "slot", "timezone"),
    BY_PROVIDER: ("provider",),
}


def account(counts: Iterable[Count], by: str, limit: int | None = None) -> list[dict[str, Any]]:
    """Return a row for each digest, issue or provider: `audience` is the sum of all states.

    `skipped_by` has the reasons. Past `limit` rows, the largest first, the rest are one row.
    """
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    for one in counts:
        name = (one.issue, *(getattr(one, column) for column in _NAMES[by]))
        _add(rows.setdefault(name, _empty(dict(zip(_NAMES[by], name[1:], strict=True)))), one)
    found = list(rows.values())
    if limit is None:
        return found
    found.sort(key=lambda row: (-row["audience"], row["provider"]))
    kept, rest = found[:limit], found[limit:]
    return [*kept, _together(rest)] if rest else kept


def _empty(names: Mapping[str, object]) -> dict[str, Any]:
    return {**names, "audience": 0, **{str(state): 0 for state in State}, "skipped_by": {}}


def _add(row: dict[str, Any], one: Count) -> None:
    row["audience"] += one.number
    row[str(one.state)] += one.number
    if one.state is State.SKIPPED and one.reason:
        reasons = row["skipped_by"]
        reasons[one.reason] = reasons.get(one.reason, 0) + one.number


def _together(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    whole = _empty({"provider": OTHERS})
    for row in rows:
        for name in ("audience", *State):
            whole[str(name)] += row[str(name)]
    return whole


def balance(rows: Sequence[Mapping[str, Any]], by: str) -> list[str]:
    """Return what people read: a table, with the reasons of what was skipped below."""
    if not rows:
        return ["nothing was sent"]
    names = _NAMES[by]
    columns = [*names, "audience", *map(str, State)]
    cells = [
        [row[column] or ("(erased)" if column in names else 0) for column in columns]
        for row in rows
    ]
    lines = table([columns, *cells])
    for row in rows:
        for reason, number in sorted(row["skipped_by"].items()):
            lines.append(f"skipped, {' '.join(row[name] for name in names)}: {reason}, {number}")
    return lines
