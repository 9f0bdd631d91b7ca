"""A whole round that is signed, with an envelope sender for each message."""

from __future__ import annotations

import mailbox
import re
import sys
from pathlib import Path
from typing import Any

import dkim
import pytest

from feeds.kit.database import Database
from notifier.digest.spec import DigestSpec
from notifier.service import House
from notifier.settings import Dkim, DkimKey, DkimProfile, Maildir, MailSettings, Settings, SmtpRelay
from notifier.tokens import BOUNCED, UNSUBSCRIBED, read_local_part, returns
from tests.notifier.builders import a_digest, a_house, a_reader, some_settings
from tests.notifier.keys import a_signer, dns, rsa_pem
from tests.notifier.test_mailing import MINUTE, SLOT, START, begin, round_, write
from tests.smtp_server import Close, Script, SmtpServer, Step

KEYS = (DkimKey(selector="s1", key=rsa_pem()),)


def settings(store: str, folder: Path, digest: DigestSpec, **mail: Any) -> Settings:
    way: dict[str, Any] = {
        "from_address": "news@example.org",
        "transport": Maildir(path=folder / "mail"),
        "dkim": Dkim(domain="example.org", keys=KEYS),
    }
    readers = (a_reader("first@readers.example"), a_reader("second@readers.example"))
    told = MailSettings(**(way | mail))
    return some_settings(store, folder, digests=(digest,), mail=told, subscribers=readers)


async def sent(house: House, folder: Path) -> list[bytes]:
    """Send what one article makes, and return the messages as they went, trace lines first."""
    await begin(house)
    await write(house, "a", now=START)
    await round_(house, SLOT + MINUTE)
    return sorted(m.as_bytes() for m in mailbox.Maildir(folder / "mail", create=False))


def as_sent(content: bytes) -> bytes:
    return content[content.index(b"DKIM-Signature:") :].replace(b"\n", b"\r\n")


async def test_threads_change_as_before_once_all_is_signed(
    sqlite: Database, tmp_path: Path
) -> None:
    before = sys.getswitchinterval()
    async with a_house(settings(f"sqlite:///{sqlite.path}", tmp_path, a_digest()), START) as house:
        assert len(await sent(house, tmp_path)) == 2
    assert sys.getswitchinterval() == before


async def test_each_message_is_signed_and_fails_to_an_address_of_its_own(
    store_url: str, tmp_path: Path
) -> None:
    told = settings(
        store_url, tmp_path, a_digest(), bounce_domain="bounce.example.org", leave_by_mail=True
    )
    async with a_house(told, START) as house:
        messages = await sent(house, tmp_path)
        keys = house.keys
    assert len(messages) == 2
    assert all(dkim.verify(as_sent(one), dnsfunc=dns(a_signer())) for one in messages)
    for purpose, pattern in (
        (BOUNCED, rb"Return-Path: <([^@]+)@bounce\.example\.org>"),
        (UNSUBSCRIBED, rb"<mailto:([^@]+)@bounce\.example\.org>"),
    ):
        claims = [read_local_part(re.findall(pattern, one)[0].decode()) for one in messages]
        assert len({claim.numbers for claim in claims if claim}) == 2
        for claim in claims:
            assert claim is not None
            assert claim.purpose == purpose
            assert returns(claim, keys[0], generation=0 if purpose == BOUNCED else 1)


async def test_a_message_names_its_list_and_where_to_read_more(
    store_url: str, tmp_path: Path
) -> None:
    async with a_house(settings(store_url, tmp_path, a_digest()), START) as house:
        message, _ = await sent(house, tmp_path)
    assert b"\nList-Id: The morning paper <morning.example.org>\n" in message
    assert b"\nList-Archive: <https://news.example.org/digests/morning>\n" in message
    assert b"\nList-Help: <https://news.example.org/>\n" in message
    assert re.search(rb"\nFeedback-ID: morning:en:digest:[0-9a-f]{12}\n", message)
    assert b"mailto:" not in message
    assert b"Return-Path: <news@example.org>\n" in message


async def test_nothing_is_signed_where_the_relay_signs(store_url: str, tmp_path: Path) -> None:
    told = settings(store_url, tmp_path, a_digest(), dkim=Dkim(profile=DkimProfile.RELAY))
    async with a_house(told, START) as house:
        messages = await sent(house, tmp_path)
    assert len(messages) == 2
    assert not any(b"DKIM-Signature" in one for one in messages)


@pytest.mark.parametrize("first_works", [True, False])
async def test_the_relay_that_is_used_decides_how_a_message_is_signed(
    store_url: str, tmp_path: Path, *, first_works: bool
) -> None:
    script: Script = {} if first_works else {Step.BANNER: Close()}
    async with SmtpServer(script=script) as one, SmtpServer() as two:
        first, second = (
            SmtpRelay(host="127.0.0.1", port=server.port, tls="none", signing=signing)
            for server, signing in ((one, DkimProfile.REWRITTEN), (two, DkimProfile.RELAY))
        )
        told = settings(
            store_url,
            tmp_path,
            a_digest(),
            transport=first,
            fallbacks=(second,),
        )
        async with a_house(told, START) as house:
            await begin(house)
            await write(house, "a", now=START)
            await round_(house, SLOT + MINUTE)
        contents = [message.content for message in (one if first_works else two).messages]
    assert len(contents) == 2
    for content in contents:
        covered = re.findall(rb"\n h=([^;]+);", content.split(b"\r\n\r\n")[0])
        assert bool(covered) is first_works
        assert not any(b"Message-ID" in names or b"From" not in names for names in covered)
