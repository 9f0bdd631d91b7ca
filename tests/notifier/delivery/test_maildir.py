"""The way out into a Maildir: whole, once, and private."""

from __future__ import annotations

import asyncio
import mailbox
import os
from pathlib import Path

import pytest

from notifier.delivery.delivery import Answer, Letter, Phase, Verdict
from notifier.delivery.maildir import MaildirTransport
from notifier.delivery.smtp import SmtpTransport
from notifier.delivery.transport import open_transport
from notifier.settings import Maildir, SmtpRelay

CONTENT = b"Subject: The morning paper\r\n\r\nGood morning.\r\n"


def a_letter(
    number: int = 1,
    *,
    sender: str = "news@example.org",
    recipient: str = "anna@bücher.example",
    content: bytes = CONTENT,
) -> Letter:
    return Letter(
        sender=sender, recipient=recipient, message_id=f"<{number}@example.org>", content=content
    )


async def sent(path: Path, *letters: Letter) -> list[Answer]:
    async with MaildirTransport(path).session() as session:
        return [await session.send(letter) for letter in letters or [a_letter()]]


def files(path: Path) -> list[Path]:
    return [file for folder in ("tmp", "new", "cur") for file in (path / folder).iterdir()]


async def test_a_letter_stands_in_the_maildir_as_finally_delivered(tmp_path: Path) -> None:
    [answer] = await sent(tmp_path / "deep" / "mail")
    assert answer.verdict is Verdict.ACCEPTED
    [message] = mailbox.Maildir(tmp_path / "deep" / "mail", create=False)
    assert message["Return-Path"] == "<news@example.org>"
    assert message["Delivered-To"] == "anna@xn--bcher-kva.example"
    assert message["Subject"] == "The morning paper"
    assert message.get_payload() == "Good morning.\n"


async def test_a_letter_sent_twice_stands_there_once(tmp_path: Path) -> None:
    await sent(tmp_path, a_letter(1), a_letter(1))
    await sent(tmp_path, a_letter(1), a_letter(2))
    assert len(files(tmp_path)) == 2


@pytest.mark.parametrize("flags", ["", ":2,", ":2,RS"])
async def test_a_letter_that_was_read_meanwhile_does_not_come_again(
    tmp_path: Path, flags: str
) -> None:
    await sent(tmp_path)
    [file] = files(tmp_path)
    file.rename(tmp_path / "cur" / (file.name + flags))
    [answer] = await sent(tmp_path)
    assert answer.verdict is Verdict.ACCEPTED
    assert len(files(tmp_path)) == 1


async def test_a_draft_left_by_a_crash_does_no_harm(tmp_path: Path) -> None:
    await sent(tmp_path)
    [file] = files(tmp_path)
    draft = tmp_path / "tmp" / f"{file.name}.{os.getpid()}"
    file.rename(draft)
    draft.write_bytes(b"half a let")
    await sent(tmp_path)
    [file] = files(tmp_path)
    assert file.parent.name == "new"
    assert file.read_bytes().endswith(b"Good morning.\n")


async def test_nobody_else_may_read_the_mail(tmp_path: Path) -> None:
    await sent(tmp_path / "mail")
    [file] = files(tmp_path / "mail")
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


async def test_a_maildir_that_cannot_be_written_defers(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    [answer] = await sent(tmp_path / "mail")
    assert (answer.verdict, answer.phase) == (Verdict.DEFERRED, Phase.BODY)
    assert str(tmp_path) not in answer.text
    checked = await MaildirTransport(tmp_path / "mail").check()
    assert checked is not None
    assert checked.verdict is Verdict.DEFERRED


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
async def test_a_full_disk_defers_and_leaves_no_litter(tmp_path: Path) -> None:
    await sent(tmp_path, a_letter(1))
    [file] = files(tmp_path)
    file.unlink()
    draft = tmp_path / "tmp" / f"{file.name}.{os.getpid()}"
    draft.symlink_to("/dev/full")
    [answer] = await sent(tmp_path, a_letter(1))
    assert answer.verdict is Verdict.DEFERRED
    assert "space" in answer.text
    assert files(tmp_path) == []
    assert (await sent(tmp_path, a_letter(1)))[0].verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("wrong", ["a@b.example\nX-Evil: 1", "", "a b@c.example"])
async def test_an_address_that_is_none_fails(tmp_path: Path, wrong: str) -> None:
    [answer] = await sent(tmp_path, a_letter(recipient=wrong))
    assert answer.verdict is Verdict.FAILED


def test_a_check_makes_no_maildir(tmp_path: Path) -> None:
    assert asyncio.run(MaildirTransport(tmp_path / "data" / "mail").check()) is None
    assert list(tmp_path.iterdir()) == []


def test_the_settings_choose_the_way_out(tmp_path: Path) -> None:
    assert isinstance(open_transport(Maildir(path=tmp_path)), MaildirTransport)
    relay = SmtpRelay(host="mx.example", port=25, tls="none")
    assert isinstance(open_transport(relay), SmtpTransport)
