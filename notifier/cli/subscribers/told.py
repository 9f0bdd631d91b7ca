"""How readers are told: as plain values for programs, and as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from notifier.cli.common import table
from notifier.digest.lane import schedule_of
from notifier.enrolment import Held, Rules, next_for, state_of
from notifier.plain import choice_to_plain, profile_to_plain, terms_to_plain
from notifier.preferences import OF_READER
from notifier.roster import Card, Entry


def subscription_data(
    digest: str, held: Held, entry: Entry, rules: Rules, now: datetime
) -> dict[str, Any]:
    """Return one subscription as it holds."""
    spec, lane = rules.specs.get(digest), held.lane
    choice = entry.enrolment.choice(spec) if spec else None
    schedule = schedule_of(spec, lane).canonical if spec and lane else ""
    return {
        "digest": digest,
        "state": state_of(held, entry.suppressed, now) if spec else "removed",
        "schedule": schedule,
        "timezone": lane.timezone if lane else "",
        "language": lane.language if lane else "",
        "topics": list(lane.topics) if lane else [],
        "words": list(lane.words) if lane else [],
        "pause_until": choice.pause_until.isoformat() if choice and choice.pause_until else None,
    }


def entry_data(entry: Entry, rules: Rules, now: datetime) -> dict[str, Any]:
    """Return a reader in a list."""
    reader = entry.enrolment.reader
    return {
        "email": entry.enrolment.address,
        "name": reader.name,
        "digests": [
            subscription_data(digest, held, entry, rules, now)
            for digest, held in entry.enrolment.held.items()
        ],
    }


def card_data(card: Card, rules: Rules, now: datetime) -> dict[str, Any]:
    """Return all that is known of one reader."""
    one, declared = card.entry.enrolment, card.entry.enrolment.declared
    base = entry_data(card.entry, rules, now)
    for told in base["digests"]:
        told.update(_origin(told["digest"], card, rules, now))
    said = {name: getattr(declared, name) for name in OF_READER if getattr(declared, name, "")}
    return {
        "email": one.address,
        **{name: getattr(one.reader, name) for name in OF_READER},
        "since": card.since,
        "suppressed": card.entry.suppressed or None,
        "declared": said if declared else None,
        "chosen": profile_to_plain(one.chosen),
        "digests": base["digests"],
        "deliveries": [asdict(sent) for sent in card.sent],
    }


def _origin(digest: str, card: Card, rules: Rules, now: datetime) -> dict[str, Any]:
    held = card.entry.enrolment.held[digest]
    declared, spec = card.entry.enrolment.declared_for(digest), rules.specs.get(digest)
    slot = next_for(held, spec, now, card.served_on.get(digest)) if spec else None
    return {
        "declared": choice_to_plain(declared) if declared else None,
        "chosen": terms_to_plain(held.chosen),
        "added": held.added,
        "left_at": held.left_at,
        "next": slot.identity if slot and not card.entry.suppressed else None,
    }


def card_lines(data: Mapping[str, Any]) -> list[str]:
    """Return what people read of one reader."""
    heading = f"{data['email']}  {data['name']}".rstrip()
    lines = [heading + (f"  not written to: {data['suppressed']}" if data["suppressed"] else "")]
    lines += [f"  {key}: {data[key]}" for key in ("timezone", "language") if data[key]]
    if data["chosen"]:
        lines.append(f"  chosen: {_settings(data['chosen'])}")
    for one in data["digests"]:
        lines += ["", f"{one['digest']}: {one['state']}{_when(one)}"]
        lines.append(f"  {what_of(one)}")
        lines += [f"  {key}: {_settings(one[key])}" for key in ("declared", "chosen") if one[key]]
        if one["next"]:
            lines.append(f"  next: {one['next']}")
    if data["deliveries"]:
        rows = [[d["digest"], d["slot"], d["state"], d["reason"]] for d in data["deliveries"]]
        lines += ["", *table([["digest", "slot", "state", ""], *rows])]
    return lines


def what_of(one: Mapping[str, Any]) -> str:
    """Return schedule, zone, language, topics and words of a subscription on one line."""
    parts = [one["schedule"], one["timezone"], one["language"]]
    parts += [f"topics {' '.join(one['topics'])}"] if one["topics"] else []
    parts += [f"words {'; '.join(one['words'])}"] if one["words"] else []
    return ", ".join(part for part in parts if part)


def _when(one: Mapping[str, Any]) -> str:
    if one["state"] == "left":
        return f" on {one['left_at']:%Y-%m-%d}"
    return f" until {one['pause_until']}" if one["state"] == "paused" else ""


def _settings(said: Mapping[str, Any]) -> str:
    def shown(value: object) -> str:
        if isinstance(value, list):
            return "; ".join(value) or "none"
        return str(value) or "none"

    return ", ".join(f"{key} {shown(value)}" for key, value in said.items())
