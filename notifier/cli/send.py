"""`paperround send [DIGEST...]`: open what is due, deliver what is pending."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from notifier.cli import OK, PROBLEMS
from notifier.cli.asking import check_digests, moment_of
from notifier.cli.common import (
    config_option,
    json_option,
    now,
    settings_of,
    settings_without_lists,
    show,
    table,
)
from notifier.cli.held import (
    Held,
    held_data,
    held_lines,
    held_of,
    is_confirmed,
    waiting_data,
    waiting_lines,
)
from notifier.delivery.delivery import Answer, Verdict
from notifier.errors import AlreadyRunning
from notifier.mailing import (
    Delivered,
    Opened,
    Preview,
    deliver,
    open_due,
    open_now,
    rehearse,
    release,
    send_test,
)
from notifier.service import House, alone, open_house, run_in_loop
from notifier.settings import Settings
from notifier.subscriber import is_address
from notifier.subscribing import take_in


@dataclass(frozen=True, slots=True)
class Sent:
    """What a round by hand did; `left_to` says who delivers when it is not us.

    `waiting` is by when what waits for a time is due, by digest; `held` what was held before a
    release, `test` what became of a test message.
    """

    opened: list[Opened] = field(default_factory=list)
    delivered: Delivered = field(default_factory=Delivered)
    left_to: str = ""
    waiting: Mapping[str, datetime] = field(default_factory=dict)
    held: tuple[Held, ...] | None = None
    test: tuple[Preview, Answer | None] | None = None


@click.command("send")
@click.argument("digests", nargs=-1)
@click.option("--at", "at", metavar="TIME", help="Do what is due at this time (ISO 8601).")
@click.option("--to", "to", metavar="ADDRESS", help="Only a test message, to this address.")
@click.option("--release", "releases", is_flag=True, help="Send what the fuse holds.")
@click.option("--yes", "yes", is_flag=True, help="Do not ask before a release or a large removal.")
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    digests: tuple[str, ...],
    at: str | None,
    to: str | None,
    releases: bool,
    yes: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Open the digests that are due, and deliver them and whatever is still pending.

    A digest that is named is opened at once, due or not.
    """
    settings = settings_of(config) if to is None else settings_without_lists(config)
    check_digests(digests, settings)
    _check_usage(digests, at, to, releases=releases)
    if to is not None:
        sent = run_in_loop(_test(settings, digests[0], to))
    elif releases:
        sent = run_in_loop(_release(settings, digests, tell=not as_json, ask=not (yes or as_json)))
    else:
        sent = run_in_loop(send(settings, digests, moment_of(at, settings) or now(), yes=yes))
    show(data_of(sent), lines_of(sent), as_json=as_json)
    ctx.exit(PROBLEMS if _problems(sent) else OK)


async def send(
    settings: Settings, digests: tuple[str, ...], moment: datetime, *, yes: bool = False
) -> Sent:
    """Do a whole round at `moment` in the foreground.

    Many readers are only removed if that is said by `yes`.
    """
    async with open_house(settings, now()) as house:
        then = min(moment, now())
        done = await take_in(settings, house.places, house.store, then, yes=yes)
        if done.held:
            words = f"{done.held}, and still get what is due; if that is meant: send --yes"
            click.echo(words, err=True)
        if digests:
            opened = await open_now(house.desk(), digests, now(), moment)
        else:
            opened = await open_due(house.desk(), now(), moment)
        return await _delivered(house, moment, Sent(opened))


async def _release(settings: Settings, digests: tuple[str, ...], *, tell: bool, ask: bool) -> Sent:
    """Tell what is held, and send it unless somebody who is asked says no."""
    async with open_house(settings, now()) as house:
        desk = house.desk()
        held = tuple(await held_of(desk, digests))
        if tell and held:
            for line in held_lines(held):
                click.echo(line, err=True)
        if not held or (ask and not is_confirmed(held)):
            return Sent(held=held)
        names = digests or tuple(dict.fromkeys(one.digest for one in held))
        opened = await release(desk, names, now())
        return await _delivered(house, now(), Sent(opened, held=held))


async def _test(settings: Settings, digest: str, address: str) -> Sent:
    """Send one test message, past the ledger."""
    async with open_house(settings, now()) as house:
        lookout = house.lookout()
        test = await rehearse(lookout, digest, address, now())
        if not test.content:
            return Sent(test=(test, None))
        return Sent(test=(test, await send_test(lookout.desk, house.sender().transport, test)))


async def _delivered(house: House, moment: datetime, sent: Sent) -> Sent:
    """Deliver what is pending, unless the service does."""
    try:
        with alone(house.database.path, "send"):
            delivered = await _deliver(house, moment)
            waiting = await house.ledger.due_by(max(moment, now()))
            return replace(sent, delivered=delivered, waiting=waiting)
    except AlreadyRunning as error:
        return replace(sent, left_to=f"process {error.process}")


async def _deliver(house: House, moment: datetime) -> Delivered:
    """Deliver what is pending now, and what is due at a `moment` that is yet to come."""
    ahead = max(moment - now(), timedelta(0))
    if house.database.is_sqlite:
        await house.ledger.abandon(now())
    await house.drop_old(now())
    done = await deliver(house.sender(), lambda: now() + ahead, asyncio.Event())
    await house.mend_jobs(now())
    return done


def lines_of(sent: Sent) -> list[str]:
    """Return what people read of a round."""
    if sent.test:
        return [_test_line(*sent.test)]
    if sent.held is not None and not sent.opened:
        return ["nothing was sent" if sent.held else "nothing is held"]
    rows: list[tuple[object, ...]] = [("digest", "slot", "zone", "articles", "readers", "note")]
    rows += [(o.digest, o.slot, o.timezone, o.articles, o.readers, _note(o)) for o in sent.opened]
    lines = table(rows) if sent.opened else ["nothing is due"]
    counts = [f"{number} {state}" for state, number in sorted(sent.delivered.counts.items())]
    lines += sorted(set(sent.delivered.failures))
    if sent.delivered.halted:
        lines.append(f"the relay refuses us: {sent.delivered.halted}")
    if sent.delivered.unreachable:
        lines.append(f"no relay can be reached: {sent.delivered.unreachable}")
    if sent.left_to:
        return [*lines, f"delivering is left to what runs already: {sent.left_to}"]
    lines.append(f"messages: {', '.join(counts) or 'none'}")
    return [*lines, *waiting_lines(waiting_data(sent.waiting))]


def _note(opened: Opened) -> str:
    for_page = not (opened.readers or opened.reason)
    return "nobody to send to: for its page only" if for_page else opened.reason


def _test_line(test: Preview, answer: Answer | None) -> str:
    if answer is None:
        return f"nothing was sent: {test.reason}"
    words = f"{answer.code or ''} {answer.text}".strip()
    return f"{test.recipient}: {answer.verdict}, {words}: {test.subject}"


def data_of(sent: Sent) -> dict[str, object]:
    """Return a round as the documented object."""
    return {
        "opened": [_opened_data(opened) for opened in sent.opened],
        "messages": {str(state): number for state, number in sent.delivered.counts.items()},
        "halted": sent.delivered.halted,
        "unreachable": sent.delivered.unreachable,
        "failures": sent.delivered.failures,
        "left_to": sent.left_to,
        "waiting": waiting_data(sent.waiting),
        "held": held_data(sent.held or ()),
        "test": _test_data(*sent.test) if sent.test else None,
    }


def _opened_data(opened: Opened) -> dict[str, object]:
    return {**asdict(opened), "due": opened.due.isoformat() if opened.due else None}


def _test_data(test: Preview, answer: Answer | None) -> dict[str, object]:
    return {
        "to": test.recipient,
        "subject": test.subject,
        "articles": list(test.articles),
        "verdict": str(answer.verdict) if answer else None,
        "code": answer.code if answer else None,
        "words": answer.text if answer else test.reason,
    }


def _problems(sent: Sent) -> bool:
    if sent.test:
        answer = sent.test[1]
        return answer is None or answer.verdict is not Verdict.ACCEPTED
    failed = any(opened.failed for opened in sent.opened)
    bad = {"failed", "deferred", "in_doubt"}
    return failed or sent.delivered.is_over or bool(bad & sent.delivered.counts.keys())


def _check_usage(
    digests: tuple[str, ...], at: str | None, to: str | None, *, releases: bool
) -> None:
    if to is not None and (len(digests) != 1 or at or releases):
        raise click.UsageError("--to takes one digest, and neither --at nor --release")
    if to is not None and not is_address(to):
        raise click.BadParameter(f"{to!r} is no address of mail")
    if releases and at:
        raise click.UsageError("--release sends now, and takes no --at")
