"""Messages after the forms of many mail systems: what each is, and whom it is about.

The corpus is of our own making. Places like `@@TOKEN@@` are filled with what a real delivery had.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest

from feeds.kit.database import Database
from notifier.returning import take
from notifier.returns.attribution import attribute
from notifier.returns.reading import read
from notifier.tokens import SecretKey
from tests.notifier.issues import SLOT
from tests.notifier.returns.builders import DAY, FIRST, NAMES, delivered, filled, known_of

KEY = SecretKey(1, b"corpus")


class Expected(NamedTuple):
    """What a message is, its status, and by what its reader is found without VERP."""

    kind: str
    status: str
    found_by: str


TABLE = {
    "amazon-ses-bounce": Expected("failure", "5.1.1", "token"),
    "arf-address-only": Expected("complaint", "", "address"),
    "arf-authentication": Expected("notice", "", "token"),
    "arf-fraud": Expected("complaint", "", "token"),
    "arf-headers-only": Expected("complaint", "", "token"),
    "arf-microsoft": Expected("complaint", "", "token"),
    "arf-not-spam": Expected("notice", "", "token"),
    "arf-redacted": Expected("complaint", "", "token"),
    "arf-yahoo": Expected("complaint", "", "token"),
    "barracuda-blocked": Expected("failure", "5.7.1", "token"),
    "base64-copy": Expected("failure", "5.1.1", "envid"),
    "challenge": Expected("automatic", "", "verp only"),
    "courier-unknown-user": Expected("failure", "5.0.0", "token"),
    "cyrus-over-quota": Expected("failure", "4.2.2", "token"),
    "domino-not-listed": Expected("failure", "5.1.1", "token"),
    "domino-out-of-office": Expected("automatic", "", "verp only"),
    "domino-text-only": Expected("failure", "", "address"),
    "dovecot-rejected": Expected("failure", "", "address"),
    "exchange-internal-address": Expected("failure", "5.1.1", "verp only"),
    "exchange-not-found": Expected("failure", "5.1.1", "token"),
    "exchange-out-of-office": Expected("automatic", "", "message_id"),
    "exim-delayed": Expected("notice", "4.7.1", "address"),
    "exim-new-over-quota": Expected("failure", "5.2.2", "token"),
    "exim-old-unknown-user": Expected("failure", "5.1.1", "token"),
    "exim-without-code": Expected("failure", "", "token"),
    "forwarded-elsewhere": Expected("failure", "5.1.1", "token"),
    "forwarded-with-original-recipient": Expected("failure", "5.1.1", "address"),
    "german-absence": Expected("automatic", "", "verp only"),
    "gmail-delayed": Expected("notice", "4.4.1", "token"),
    "gmail-over-quota": Expected("failure", "5.2.2", "token"),
    "gmail-unknown-user": Expected("failure", "5.1.1", "token"),
    "gmail-vacation": Expected("automatic", "", "verp only"),
    "gmx-unknown-user": Expected("failure", "5.1.1", "token"),
    "groupwise-unknown-user": Expected("failure", "5.1.1", "address"),
    "haraka-rejected": Expected("failure", "5.7.1", "token"),
    "icloud-over-quota": Expected("failure", "5.2.2", "address"),
    "icloud-unknown-user": Expected("failure", "5.1.1", "token"),
    "letter-about-a-bounce": Expected("other", "", "nobody"),
    "mailru-rejected": Expected("failure", "5.2.1", "token"),
    "mdaemon-unknown-user": Expected("failure", "5.1.1", "token"),
    "netease-rejected": Expected("failure", "5.1.1", "token"),
    "office365-access-denied": Expected("failure", "5.4.1", "token"),
    "office365-blocked": Expected("failure", "5.7.133", "token"),
    "office365-not-found": Expected("failure", "5.1.10", "token"),
    "opensmtpd-error": Expected("failure", "5.1.1", "token"),
    "postfix-delayed": Expected("notice", "4.4.1", "token"),
    "postfix-delivered": Expected("notice", "2.0.0", "envid"),
    "postfix-domain-not-found": Expected("failure", "5.4.4", "token"),
    "postfix-expired": Expected("failure", "4.4.1", "token"),
    "postfix-relayed": Expected("notice", "2.0.0", "envid"),
    "postfix-two-recipients-of-an-alias": Expected("failure", "5.1.1", "token"),
    "postfix-unknown-user": Expected("failure", "5.1.1", "token"),
    "powermta-bad-mailbox": Expected("failure", "5.1.1", "token"),
    "qmail-no-host": Expected("failure", "5.1.2", "token"),
    "qmail-remote-said": Expected("failure", "5.1.1", "token"),
    "qmail-unknown-user": Expected("failure", "5.1.1", "token"),
    "read-receipt": Expected("automatic", "", "message_id"),
    "sendmail-expanded": Expected("notice", "2.1.5", "envid"),
    "sendmail-unknown-user": Expected("failure", "5.1.1", "token"),
    "sendmail-warning": Expected("notice", "4.4.1", "token"),
    "sieve-vacation": Expected("automatic", "", "verp only"),
    "smtputf8-unknown-user": Expected("failure", "5.1.1", "token"),
    "stranger": Expected("failure", "5.1.1", "nobody"),
    "ticket-system": Expected("automatic", "", "token"),
    "two-readers-in-one": Expected("failure", "5.1.1", "ambiguous"),
    "two-tokens-in-one": Expected("failure", "5.1.1", "ambiguous"),
    "unsubscribe-by-address": Expected("unsubscribe", "", "verp"),
    "unsubscribe-by-subject": Expected("unsubscribe", "", "verp"),
    "unsubscribe-unproven": Expected("other", "", "nobody"),
    "vacation-program": Expected("automatic", "", "verp only"),
    "yahoo-disabled": Expected("failure", "5.2.1", "token"),
    "yahoo-no-account": Expected("failure", "", "token"),
    "yandex-unknown-user": Expected("failure", "5.7.1", "token"),
    "zimbra-over-quota": Expected("failure", "5.2.2", "token"),
}
ELSE = {"nobody": "nothing", "verp only": "nothing"}
WISHES = ("unsubscribe-by-address", "unsubscribe-by-subject")
NOBODYS = {name for name, (_, _, how) in TABLE.items() if how in {"nobody", "ambiguous"}}


def test_the_table_has_every_message() -> None:
    assert set(NAMES) == TABLE.keys()


@pytest.mark.parametrize("verp", [True, False], ids=["verp", "plain"])
@pytest.mark.parametrize("name", NAMES)
def test_a_message_is_taken_for_what_it_is(name: str, verp: bool) -> None:
    came = read(filled(name, KEY, verp=verp))
    kind = "other" if name in WISHES else TABLE[name].kind  # without the keys, a wish is a letter
    assert (came.kind, came.status) == (kind, TABLE[name].status)


def found_by(name: str, *, verp: bool) -> tuple[str, int]:
    """By what, and as whom, the reader of a message is found among two."""
    about = attribute(read(filled(name, KEY, verp=verp)), [KEY], known_of(KEY, 1, 2))
    return about.how, about.subscriber


@pytest.mark.parametrize("verp", [True, False], ids=["verp", "plain"])
def test_no_message_is_taken_to_be_about_the_wrong_reader(verp: bool) -> None:
    found = {name: found_by(name, verp=verp)[1] for name in NAMES}
    assert set(found.values()) == {0, 1}
    assert not [name for name in NOBODYS if found[name]]


def test_with_an_envelope_sender_of_its_own_every_delivery_is_found() -> None:
    found = {name: found_by(name, verp=True) for name in NAMES}
    assert {name for name, (_, reader) in found.items() if not reader} == NOBODYS
    assert {how for how, reader in found.values() if reader} == {"verp"}


def test_without_one_most_are_found_by_what_is_returned() -> None:
    found = {name: found_by(name, verp=False) for name in NAMES}
    expected = {name: ELSE.get(one.found_by, one.found_by) for name, one in TABLE.items()}
    assert {name: how for name, (how, _) in found.items()} == expected
    ours = [name for name in NAMES if TABLE[name].kind not in {"automatic", "other"}]
    right = Counter(bool(found[name][1]) for name in ours if name not in NOBODYS)
    assert right[True] / right.total() > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("verp", [True, False], ids=["verp", "plain"])
async def test_the_store_finds_the_same_readers(database: Database, verp: bool) -> None:
    intake, issue = await delivered(database)
    for name in NAMES:
        raw = filled(name, intake.keys[0], issue=issue, verp=verp)
        taken = await take(intake, raw, SLOT + DAY)
        how, reader = found_by(name, verp=verp)
        assert (taken.how, taken.address) == (how, FIRST if reader else ""), name
