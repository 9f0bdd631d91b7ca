"""Small builders: an intake on a real store with two readers, and messages that come back to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from feeds.kit.database import Database
from notifier.delivery.message import message_id
from notifier.returning import Intake
from notifier.returns.attribution import Known, Place
from notifier.returns.records import Records
from notifier.returns.suppressions import Suppressions
from notifier.roster import Roster
from notifier.tables import deliveries
from notifier.tokens import BOUNCED, LEAVE, UNSUBSCRIBED, SecretKey, local_part, make_token
from tests.notifier.issues import SLOT, open_for

CORPUS = Path(__file__).parent / "corpus"
NAMES = tuple(sorted(path.stem for path in CORPUS.glob("*.eml")))
DAY = timedelta(days=1)
FIRST, SECOND = "first@readers.example", "second@readers.example"


def an_intake(database: Database, *keys: SecretKey) -> Intake:
    """Return an intake on `database`."""
    suppressions = Suppressions(database)
    return Intake(Records(database, suppressions), suppressions, Roster(database), keys)


async def delivered(database: Database, *names: str) -> tuple[Intake, int]:
    """Open an issue for readers, mark it as sent to all; return an intake and its number."""
    issue = await open_for(database, *(names or ("first", "second")))
    async with database.write() as connection:
        sent = {"state": "accepted", "attempts": 1, "changed_at": SLOT}
        await connection.execute(update(deliveries).values(sent))
    keys = await Roster(database).secret_keys(SLOT)
    return an_intake(database, *keys), issue


def filled(name: str, key: SecretKey, *, issue: int = 1, reader: int = 1, verp: bool) -> bytes:
    """Return a message of the corpus as it comes back of a delivery; `verp` as it was sent."""
    identity = message_id(key.secret, str(issue), str(reader), "example.org")
    sender = f"{local_part(key, BOUNCED, issue, reader)}@bounces.example.org"
    leave = local_part(key, UNSUBSCRIBED, reader, generation=1)
    values = {
        "SENDER": sender if verp else "news@example.org",
        "ENVID": local_part(key, BOUNCED, issue, reader),
        "MESSAGE-ID@@@example.org": identity.strip("<>"),
        "TOKEN": make_token(key, LEAVE, reader, 1),
        "OTHER-TOKEN": make_token(key, LEAVE, reader + 1, 1),
        "LEAVE": f"{leave}@bounces.example.org",
    }
    text = (CORPUS / f"{name}.eml").read_text(encoding="utf-8")
    for mark, value in values.items():
        text = text.replace(f"@@{mark}@@" if "@@@" not in mark else f"@@{mark}", value)
    return text.encode().replace(b"\n", b"\r\n")


def known_of(key: SecretKey, *readers: int) -> Known:
    """Return what a store knows whose readers with these numbers all got issue 1."""
    names = {1: FIRST, 2: SECOND}
    identities = {one: message_id(key.secret, "1", str(one), "example.org") for one in readers}
    return Known(
        places={one: Place(id=one, subscriber=one, generation=1) for one in readers},
        posts={ours[1:].partition("@")[0]: (1, one) for one, ours in identities.items()},
        readers={names[one]: one for one in readers},
    )


def a_bounce(address: str = FIRST, *, status: str = "5.1.1", **said: str) -> bytes:
    """Return a report (RFC 3464) that `address` failed with `status`."""
    given = {"action": "failed", "to": "news@example.org", "number": "1", "text": "It failed."}
    given |= said
    return a_message(
        f"From: MAILER-DAEMON@mx.example.net\nTo: {given['to']}\nSubject: Undelivered",
        f"Message-ID: <{given['number']}@mx.example.net>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n",
        f"--x\n\n{given['text']}\n",
        "--x\nContent-Type: message/delivery-status\n",
        "Reporting-MTA: dns; mx.example.net\n",
        f"Final-Recipient: rfc822; {address}\nAction: {given['action']}\nStatus: {status}\n",
        "--x--",
    )


def a_message(*lines: str) -> bytes:
    """Return a message of these lines."""
    return "\n".join(_joined(lines)).encode()


def _joined(lines: Iterable[str]) -> Iterable[str]:
    return [*lines, ""]
