"""`paperround doctor`: everything that the service stands on, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import click

from feeds.kit.destinations import Reach
from feeds.kit.outgoing import Outgoing
from notifier import doctor
from notifier.cli import OK, PROBLEMS
from notifier.cli.common import (
    config_option,
    counted,
    json_option,
    loaded_of,
    name_server,
    now,
    show,
)
from notifier.deliverability.finding import Finding, Grade
from notifier.dns import Resolver
from notifier.probing import probe
from notifier.settings import Settings

_WORDS = {
    Grade.FINE: "ok",
    Grade.DOUBTFUL: "warning",
    Grade.WRONG: "problem",
    Grade.UNKNOWN: "unknown",
}


@click.command("doctor")
@click.option("--resolver", metavar="ADDRESS[:PORT]", help="The name server to ask.")
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, resolver: str | None, config: Path, *, as_json: bool) -> None:
    """Look at store, disk, clock, certificates, mail servers, DNS and the public address.

    Changes nothing and sends no mail. Exits 1 where there is a problem; what cannot be asked,
    without a network for example, is none.
    """
    settings, files = loaded_of(config)
    found = asyncio.run(_examined(settings, files, name_server(resolver)))
    counts = {word: sum(one.grade is grade for one in found) for grade, word in _WORDS.items()}
    lines = [line for one in found for line in _lines(one)]
    lines.append(", ".join(_counted(number, word) for word, number in counts.items()))
    data = {
        "counts": counts,
        "findings": [
            {
                "topic": one.topic,
                "grade": _WORDS[one.grade],
                "message": one.message,
                "advice": one.advice,
            }
            for one in found
        ],
    }
    show(data, lines, as_json=as_json)
    ctx.exit(PROBLEMS if counts["problem"] else OK)


async def _examined(settings: Settings, files: Sequence[Path], resolver: Resolver) -> list[Finding]:
    """Ask the outside all at once, and look at what is here meanwhile."""
    mail, began = settings.mail, now()
    ways = (mail.transport, *mail.fallbacks) if mail else ()
    host = urlsplit(settings.site.url).hostname or ""
    agent = f"Paperround/{version('paperround')} (doctor)"
    outgoing = Outgoing(agent, Reach.allowing([host]))
    try:
        store, sources, probed, certificates, site = await asyncio.gather(
            doctor.look_at_store(settings, began),
            doctor.look_at_sources(settings.sources, began),
            probe(settings, resolver),
            doctor.look_at_certificates(settings.site, ways, began),
            doctor.look_at_site(settings.site, outgoing, began),
        )
    finally:
        await outgoing.close()
    stored, last = store
    return [
        *stored,
        *doctor.look_at_disk(settings.written),
        doctor.look_at_clock(began, last),
        doctor.look_at_zones(),
        *doctor.look_at_secrets(files, settings.secrets),
        *sources,
        *probed,
        *certificates,
        *site,
    ]


def _counted(number: int, word: str) -> str:
    return counted(number, word) if word in ("warning", "problem") else f"{number} {word}"


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{_WORDS[finding.grade]:8} {finding.topic}: {finding.message}"
    if finding.advice:
        yield f"{'':8} -> {finding.advice}"
