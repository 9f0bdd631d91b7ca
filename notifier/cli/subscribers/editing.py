"""`paperround subscribers add`, `set` and `remove`: what is chosen beside what is declared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from notifier.cli.common import config_option, json_option, now, settings_of, show
from notifier.cli.subscribers.asking import check_digest, digests_asked, reader_asked
from notifier.cli.subscribers.told import card_data, card_lines
from notifier.enrolment import Enrolment
from notifier.errors import NotifierError
from notifier.preferences import NOT_PAUSED, OF_DIGEST, OF_READER, Profile, Terms, Wish, said_by
from notifier.service import House, open_house
from notifier.settings import Settings
from notifier.subscribing import choose, erase, leave, reconcile_one, rules_of

_Command = TypeVar("_Command", bound=Callable[..., object])
_BACK = {"pause" if name == "pause_until" else name: name for name in (*OF_READER, *OF_DIGEST)}
_CHOICES = (
    click.option("--schedule", help="Instead of the digest's own; one that it offers."),
    click.option("--word", "words", multiple=True, help="A word or phrase of their own; repeat."),
    click.option("--pause-until", metavar="DATE", help="Send nothing before this date."),
    click.option("--name", help="The reader's name."),
    click.option("--timezone", help="Such as Asia/Tokyo."),
    click.option("--language", help="A language tag."),
)


def _choices(command: _Command) -> _Command:
    for option in reversed(_CHOICES):
        command = option(command)
    return command


@click.command("add")
@click.argument("email")
@click.option(
    "--digest",
    "digests",
    multiple=True,
    required=True,
    metavar="NAME[:TOPIC,TOPIC]",
    help="A digest, or some topics of it; repeat.",
)
@_choices
@click.option("--return", "returns", is_flag=True, help="They ask for it, though they had left.")
@config_option
@json_option
def add(
    email: str,
    digests: tuple[str, ...],
    returns: bool,
    config: Path,
    as_json: bool,
    **said: Any,  # what `_choices` adds
) -> None:
    """Let EMAIL receive digests, beside what is declared."""
    settings = settings_of(config)
    wish = replace(_wish(settings, email, digests, said), joins=True, returns=returns)
    _tell(asyncio.run(_choose(settings, email, wish)), as_json=as_json)


@click.command("set")
@click.argument("email")
@click.option(
    "--digest",
    "digests",
    multiple=True,
    metavar="NAME[:TOPIC,TOPIC]",
    help="For this digest only, and these topics of it (`*`: the whole); repeat.",
)
@_choices
@click.option("--resume", is_flag=True, help="No pause, whatever is declared.")
@click.option(
    "--default",
    "unset",
    multiple=True,
    type=click.Choice(list(_BACK)),
    help="Take back what was chosen: as declared again; repeat.",
)
@config_option
@json_option
def set_(
    email: str,
    digests: tuple[str, ...],
    resume: bool,
    unset: tuple[str, ...],
    config: Path,
    as_json: bool,
    **said: Any,  # what `_choices` adds
) -> None:
    """Choose for EMAIL, in all of their digests or in one."""
    settings = settings_of(config)
    if resume and said["pause_until"]:
        raise click.UsageError("--resume and --pause-until contradict each other")
    if not (digests or resume or unset or any(said.values())):
        raise click.UsageError("there is nothing to set")
    if resume:
        said["pause_until"] = NOT_PAUSED
    gone = frozenset(_BACK[name] for name in unset)
    found = asyncio.run(_set(settings, email, digests, said, gone))
    _tell(found, as_json=as_json)


async def _set(
    settings: Settings,
    email: str,
    digests: tuple[str, ...],
    said: dict[str, Any],
    unset: frozenset[str],
) -> dict[str, Any]:
    async with open_house(settings, now()) as house:
        await reconcile_one(settings, house.places, house.store, email, now())
        card = await house.listing.card(email)
        if card is None:
            raise NotifierError(f"there is no reader {email}")
        wanted = digests or _digests_of(card.entry.enrolment, settings)
        wish = replace(_wish(settings, email, wanted, said), unset=unset)
        return await _done(house, email, wish)


def _digests_of(reader: Enrolment, settings: Settings) -> tuple[str, ...]:
    known = {spec.name for spec in settings.digests}
    return tuple(name for name, held in reader.held.items() if held.active and name in known)


def _wish(settings: Settings, email: str, digests: tuple[str, ...], said: dict[str, Any]) -> Wish:
    """Return what the options ask for; raises UsageError that tells every mistake."""
    asked = digests_asked(digests)
    each: dict[str, Any] = {"schedule": said["schedule"], "words": [w for w in said["words"] if w]}
    if said["pause_until"] != NOT_PAUSED:
        each["pause_until"] = said["pause_until"]
    each = {name: value for name, value in each.items() if value}
    values = {name: each | ({"topics": topics} if topics else {}) for name, topics in asked.items()}
    who = {name: said[name] for name in OF_READER}
    wish = said_by(reader_asked(email, values, settings, **who), rules_of(settings).specs)
    return replace(
        wish,
        profile=Profile(**{name: None if v is None else v.strip() for name, v in who.items()}),
        digests={name: _nothing(one, asked[name], said) for name, one in wish.digests.items()},
    )


def _nothing(terms: Terms, topics: list[str] | None, said: dict[str, Any]) -> Terms:
    """Put in what is chosen to be nothing: the whole digest, no words, no pause."""
    if topics == []:
        terms = replace(terms, topics=())
    if said["words"] and not any(said["words"]):
        terms = replace(terms, words=())
    if said["pause_until"] == NOT_PAUSED:
        terms = replace(terms, pause_until=NOT_PAUSED)
    return terms


async def _choose(settings: Settings, email: str, wish: Wish) -> dict[str, Any]:
    async with open_house(settings, now()) as house:
        await reconcile_one(settings, house.places, house.store, email, now())
        return await _done(house, email, wish)


async def _done(house: House, email: str, wish: Wish) -> dict[str, Any]:
    settings = house.settings
    outcome = await choose(settings, house.places, house.store, (email, wish), now())
    if outcome.refused:
        raise NotifierError("; ".join(outcome.refused))
    card = await house.listing.card(email)
    assert card is not None
    data = card_data(card, rules_of(settings), now())
    del data["deliveries"]
    return {"changed": outcome.changed} | data


def _tell(data: dict[str, Any], *, as_json: bool) -> None:
    said = [] if data["changed"] else ["nothing has changed:"]
    show(data, [*said, *card_lines(data | {"deliveries": []})], as_json=as_json)


@click.command("remove")
@click.argument("email")
@click.option(
    "--digest", "digests", multiple=True, metavar="NAME", help="This digest only; repeat."
)
@click.option("--erase", "forget", is_flag=True, help="Forget the person: address, name, choices.")
@config_option
@json_option
def remove(email: str, digests: tuple[str, ...], forget: bool, config: Path, as_json: bool) -> None:
    """Let EMAIL leave their digests, as by the link in a message: they stay gone."""
    settings = settings_of(config)
    if forget and digests:
        raise click.UsageError("--erase is of the whole reader, not of one digest")
    for name in digests:
        check_digest(name, settings)
    left = asyncio.run(_remove(settings, email, digests, forget=forget))
    data: dict[str, object] = {"email": email, "left": left, "erased": forget}
    said = f"left: {', '.join(left)}" if left else "nothing has changed"
    show(data, [f"{email} is erased" if forget else f"{email} {said}"], as_json=as_json)


async def _remove(
    settings: Settings, email: str, digests: tuple[str, ...], *, forget: bool
) -> list[str]:
    async with open_house(settings, now()) as house:
        await reconcile_one(settings, house.places, house.store, email, now())
        if forget:
            refused = await erase(settings, house.roster, email, now())
            if refused:
                raise NotifierError(refused)
            return []
        outcome = await leave(settings, house.places, house.store, email, digests, now())
        if outcome.refused or outcome.before is None or outcome.after is None:
            raise NotifierError("; ".join(outcome.refused))
        before, after = outcome.before.held, outcome.after.held
        return [name for name, held in after.items() if held != before[name]]
