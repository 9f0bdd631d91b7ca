"""`paperround init DIR`: a commented starter configuration, or keys that sign messages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import click

from notifier.cli.common import program, samples, writing

_STARTER = {".yaml", ".json"}


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--dkim", metavar="DOMAIN", default="", help="Make keys for this domain instead.")
@click.option("--selector", metavar="NAME", default="", help="The name of the key in DNS.")
@click.option("--both", is_flag=True, help="Make an Ed25519 key beside the RSA key.")
def command(folder: Path, dkim: str, selector: str, *, both: bool) -> None:
    """Write a commented starter configuration into DIR, and a folder for articles beside it.

    With --dkim: write private keys that sign messages into DIR, and print what DNS must say.
    """
    if dkim:
        with writing(folder):
            _make_keys(folder, dkim, selector, both=both)
        return
    if selector or both:
        raise click.UsageError("--selector and --both belong to --dkim DOMAIN")
    for path in _starter():
        target = folder / path.relative_to(samples() / "config")
        if target.exists():
            raise click.UsageError(f"{target} is there already; nothing was written")
    articles = folder.resolve().parent / "articles"
    with writing(folder):
        written = write_starter(folder, {"../seeds": "../articles"})
        articles.mkdir(exist_ok=True)
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(f"put articles into {articles}, then: {program()} run --config {folder}")


def write_starter(folder: Path, changes: Mapping[str, str]) -> list[Path]:
    """Write the sample configuration into `folder`, with these words in place of the sample's.

    The schema that its files name, for editors, comes along.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path in _starter():
        target = folder / path.relative_to(samples() / "config")
        target.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8")
        for ours, theirs in changes.items():
            text = text.replace(ours, theirs)
        target.write_text(text, encoding="utf-8")
        written.append(target)
    return written


def _starter() -> list[Path]:
    return sorted(path for path in (samples() / "config").rglob("*") if path.suffix in _STARTER)


def _make_keys(folder: Path, domain: str, selector: str, *, both: bool) -> None:
    from notifier.delivery.addresses import is_selector, wire_address
    from notifier.delivery.dkim import dns_record, quoted_record
    from notifier.delivery.keys import Algorithm, make_key, read_key
    from notifier.errors import InvalidMessage

    try:
        domain = wire_address(f"x@{domain.lower()}").removeprefix("x@")
    except InvalidMessage:
        raise click.UsageError(f"{domain} is not a domain, such as example.org") from None
    selector = selector.lower() or f"p{datetime.now().astimezone():%Y%m}"
    if not is_selector(selector):
        raise click.UsageError(f"{selector} is not a selector: letters, digits and hyphens")
    wanted = {selector: Algorithm.RSA}
    if both:
        wanted[f"{selector}-ed"] = Algorithm.ED25519
    paths = {name: folder / f"dkim-{name}.pem" for name in wanted}
    for path in paths.values():
        if path.exists():
            raise click.UsageError(f"{path} is there already; choose another --selector")
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for name, algorithm in wanted.items():
        pem = make_key(algorithm)
        _write_secret(paths[name], pem)
        click.echo(f"wrote {paths[name]}")
        published = quoted_record(dns_record(read_key(pem)))
        records.append(f"{name}._domainkey.{domain}. IN TXT ( {published} )")
    click.echo(_told(domain, [*wanted], records))


def _write_secret(path: Path, pem: str) -> None:
    """Write a file that only its owner may read, from its first octet on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(pem)


def _told(domain: str, selectors: list[str], records: list[str]) -> str:
    """Return what remains to be done: records of DNS, then the setting."""
    first, *others = selectors
    also = [f', also: {{selector: {name}, key: "${{file:dkim-{name}.pem}}"}}' for name in others]
    return "\n".join(
        [
            "",
            "1. Publish in DNS; of an SPF or DMARC record that is there already, keep one:",
            "",
            *records,
            f'{domain}. IN TXT "v=spf1 mx ~all"',
            f'_dmarc.{domain}. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"',
            "",
            "   SPF names who sends: add `ip4:ADDRESS` or `include:NAME` for your mail server.",
            "   DMARC: `p=none` only reports; go on to `p=quarantine` once the reports are clean.",
            "",
            "2. When DNS shows the records, add to `mail:`",
            "",
            f'  dkim: {{domain: {domain}, selector: {first}, key: "${{file:dkim-{first}.pem}}"'
            f"{''.join(also)}}}",
        ]
    )
