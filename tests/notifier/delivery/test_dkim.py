"""Signatures verify with dkimpy, whatever the words, and with nothing else in their place."""

from __future__ import annotations

import base64
import hashlib
import re
from email import message_from_bytes
from itertools import islice

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from notifier.delivery.dkim import (
    Signer,
    chosen,
    fields_of,
    quoted_record,
    relaxed_body,
    relaxed_field,
    signers_of,
)
from notifier.delivery.keys import SigningKey, make_key, read_key
from notifier.errors import InvalidKey
from notifier.settings import Dkim, DkimKey, DkimProfile
from tests.laws import law
from tests.notifier.delivery.test_message import (
    DATE,
    LINK,
    NAME,
    VALUES,
    a_frozen,
    addresses,
    filled,
    header_text,
    slotted,
)
from tests.notifier.keys import a_signer, dns, ed25519_pem, rsa_pem, short_pem


def signed(*signers: Signer) -> bytes:
    whole = signers or (a_signer(),)
    frozen = a_frozen(
        text=f"Dear  {NAME},\n\n \n{LINK}",
        reply_to="desk@example.org",
        list_archive="https://news.example.org/digests/morning",
        list_help="https://news.example.org/",
        feedback_id="morning:en:digest:0123456789ab",
    )
    return filled(frozen, signers=whole)


def verifies(content: bytes, *signers: Signer) -> bool:
    try:
        return bool(dkim.verify(content, dnsfunc=dns(*(signers or (a_signer(),)))))
    except (dkim.MessageFormatError, ValueError):
        return False


def tags(content: bytes) -> dict[str, str]:
    field = str(message_from_bytes(content)["DKIM-Signature"])
    pairs = (tag.partition("=") for tag in re.sub(r"\s", "", field).split(";"))
    return {name: value for name, _, value in pairs}


@law(15)
@given(header_text, slotted, slotted, header_text, addresses)
def test_whatever_is_rendered_its_signature_verifies(
    subject: str, html: str, text: str, name: str, recipient: str
) -> None:
    frozen = a_frozen(subject=subject + NAME, html=html, text=text, from_name=name)
    values = {**VALUES, "name": name}
    content = filled(frozen, values, recipient=recipient, recipient_name=name, signers=[a_signer()])
    assert verifies(content)


def test_an_international_reader_is_signed_too() -> None:
    content = filled(recipient="änna@bücher.example", signers=[a_signer()])
    assert verifies(content)


SIGNED = signed()
_UNSIGNED = re.search(rb"Precedence: .*\r\nX-Auto.*\r\n", SIGNED)
assert _UNSIGNED is not None
_TAKEN_BACK = re.compile(rb"\bb=[^:]*\r\n(?=From)").search(SIGNED)  # the signature itself
assert _TAKEN_BACK is not None
PLACES = [
    at
    for at, octet in enumerate(SIGNED)
    if 33 <= octet <= 126
    and not _UNSIGNED.start() <= at < _UNSIGNED.end()
    and not _TAKEN_BACK.start() <= at < _TAKEN_BACK.end()
]


@law(60, thorough=3000)
@given(st.sampled_from(PLACES))
def test_not_one_octet_can_be_another(at: int) -> None:
    changed = bytearray(SIGNED)
    changed[at] ^= 1
    assert not verifies(bytes(changed))


def test_a_message_as_it_was_signed_verifies_and_white_space_may_change_on_the_way() -> None:
    assert verifies(SIGNED)
    assert verifies(SIGNED.replace(b"Dear  ", b"Dear    "))
    assert verifies(SIGNED.replace(b"List-Help: ", b"LIST-HELP:\r\n   "))
    assert not verifies(SIGNED + b"more\r\n")


@pytest.mark.parametrize(
    "name", ["From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Content-Type"]
)
def test_nobody_can_put_a_second_field_in_front(name: str) -> None:
    assert not verifies(f"{name}: other@forged.example\r\n".encode() + SIGNED)
    without = filled(a_frozen(), signers=[a_signer()])
    assert verifies(without)
    assert not verifies(f"{name}: other@forged.example\r\n".encode() + without)


def test_every_list_field_and_what_providers_ask_for_is_signed() -> None:
    listed = tags(SIGNED)["h"].lower().split(":")
    names = {name.lower() for name in message_from_bytes(SIGNED)}
    assert {name for name in names if name.startswith("list-")} == {
        *("list-id", "list-unsubscribe", "list-unsubscribe-post", "list-archive", "list-help")
    }
    unsigned = {"dkim-signature", "precedence", "x-auto-response-suppress"}
    assert set(listed) == names - unsigned
    twice = {name for name in listed if listed.count(name) == 2}
    assert twice == {"from", "to", "subject", "date", "message-id", "reply-to", "content-type"}


def test_a_signature_says_when_by_whom_and_sets_no_limit() -> None:
    found = tags(SIGNED)
    assert (found["a"], found["c"], found["d"], found["s"]) == (
        *("rsa-sha256", "relaxed/relaxed"),
        *("example.org", "s1"),
    )
    assert int(found["t"]) == int(DATE.timestamp())
    assert found.keys().isdisjoint({"x", "l"})
    head = SIGNED.partition(b"\r\nFrom:")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_attempts_of_one_delivery_are_the_same_bytes() -> None:
    assert signed(a_signer(), a_signer(ed25519_pem(), "e1")) == signed(
        a_signer(), a_signer(ed25519_pem(), "e1")
    )


def test_two_keys_make_two_signatures() -> None:
    ours, second = a_signer(), a_signer(ed25519_pem(), "e1")
    content = signed(ours, second)
    assert content.count(b"DKIM-Signature:") == 2
    assert dkim.DKIM(content).verify(idx=0, dnsfunc=dns(ours))
    public = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(second.key.public))
    own, rest = fields_of(content)[1], content.partition(b"\r\n\r\n")
    fields = fields_of(rest[0] + rest[1][:2])
    bare, _, written = own.partition(b" b=")
    covered = _in_order(fields, bare)
    hashed = b"".join(map(relaxed_field, covered)) + relaxed_field(bare + b" b=").rstrip()
    public.verify(base64.b64decode(written), hashlib.sha256(hashed).digest())
    body = base64.b64encode(hashlib.sha256(relaxed_body(rest[2])).digest())
    assert b"bh=" + body + b";" in own


def _in_order(fields: list[bytes], own: bytes) -> list[bytes]:
    """Pick the fields that `h=` names, from the bottom up (RFC 6376, 5.4.2)."""
    listed = re.search(rb"h=([^;]+);", own)
    assert listed is not None
    left = {name: [] for name in map(_lower, fields)}  # type: dict[bytes, list[bytes]]
    for field in fields:
        left[_lower(field)].append(field)
    names = re.sub(rb"\s", b"", listed[1]).lower().split(b":")
    return [left[name].pop() for name in names if left.get(name)]


def _lower(field: bytes) -> bytes:
    return field.partition(b":")[0].lower()


def test_the_example_of_rfc_8463_comes_out_as_printed_there() -> None:
    seed = base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    key = SigningKey(ed25519.Ed25519PrivateKey.from_private_bytes(seed))
    assert key.public == "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    head = (
        b"From: Joe SixPack <joe@football.example.com>\r\n"
        b"To: Suzie Q <suzie@shopping.example.net>\r\n"
        b"Subject: Is dinner ready?\r\n"
        b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
        b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
        b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
        b" d=football.example.com; i=@football.example.com;\r\n"
        b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
        b" subject : date : message-id : from : subject : date;\r\n"
        b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=\r\n"
    )
    body = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
    assert base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()) in head
    hashed = b"".join(map(relaxed_field, fields_of(head))).removesuffix(b"\r\n")
    made = base64.b64encode(key.sign(hashlib.sha256(hashed).digest()))
    assert made == (
        b"/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
    )


def settings(profile: DkimProfile) -> Dkim:
    keys = (DkimKey(selector="s1", key=rsa_pem()),)
    return Dkim(domain="example.org", keys=keys, profile=profile)


def test_a_relay_that_signs_gets_messages_without_a_signature() -> None:
    assert signers_of(None) == ()
    assert signers_of(settings(DkimProfile.RELAY)) == ()
    assert signers_of(settings(DkimProfile.OURS), DkimProfile.RELAY) == ()
    assert len(signers_of(settings(DkimProfile.RELAY), DkimProfile.OURS)) == 1
    assert b"DKIM-Signature" not in filled(signers=signers_of(settings(DkimProfile.RELAY)))


def test_a_relay_may_rewrite_message_id_and_date_where_they_are_not_signed() -> None:
    content = filled(signers=signers_of(settings(DkimProfile.REWRITTEN)))
    rewritten = content.replace(b"<abc@example.org>", b"<x@relay.example>")
    rewritten = rewritten.replace(b"Date: Mon, 23", b"Date: Tue, 24")
    assert rewritten != content
    assert verifies(content)
    assert verifies(rewritten)
    assert not verifies(rewritten.replace(b"List-Id: The", b"List-Id: A"))
    ours = filled(signers=signers_of(settings(DkimProfile.OURS)))
    assert not verifies(ours.replace(b"<abc@example.org>", b"<x@relay.example>"))


def test_an_edition_is_signed_under_the_selectors_it_was_frozen_with() -> None:
    old, new = a_signer(), a_signer(selector="s2")
    frozen = a_frozen(selectors=("s1",))
    assert tags(filled(frozen, signers=[new, old]))["s"] == "s1"
    assert filled(frozen, signers=[new, old]) == filled(frozen, signers=[old])
    assert tags(filled(frozen, signers=[new]))["s"] == "s2"  # better than none
    assert chosen([old, new], []) == (old, new)


def _on_a_curve() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _locked() -> str:
    key = ed25519.Ed25519PrivateKey.generate()
    lock = BestAvailableEncryption(b"geheim")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def test_keys_that_nobody_accepts_are_refused_and_never_shown() -> None:
    private = load_der_public_key(base64.b64decode(a_signer().key.public))
    assert private.key_size == 2048  # type: ignore[union-attr] # an RSA key has one
    body = "".join(islice(rsa_pem().splitlines(), 1, 3))
    wrong = {
        "": "no key in PEM",
        body: "no key in PEM",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----": "a public key",
        f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----": "cannot be read",
        short_pem(1024).replace("M", "N"): "cannot be read",
        _on_a_curve(): "neither RSA nor Ed25519",
        _locked(): "locked by a password",
    }
    for pem, reason in wrong.items():
        with pytest.raises(InvalidKey, match=reason) as caught:
            read_key(pem)
        assert caught.value.__cause__ is None
        assert body not in str(caught.value)
    assert read_key(short_pem(1024)).bits == 1024
    shown = repr((settings(DkimProfile.OURS), a_signer(), a_signer().key))
    assert body[:20] not in shown


def test_records_of_dns_come_in_strings_that_fit() -> None:
    text = "v=DKIM1; k=rsa; p=" + a_signer().key.public
    strings = re.findall(r'"([^"]*)"', quoted_record(text))
    assert "".join(strings) == text
    assert max(map(len, strings)) == 255
    assert make_key(a_signer().key.algorithm) != rsa_pem()


@pytest.mark.slow
def test_a_key_that_is_longer_than_receivers_must_know_is_refused() -> None:
    with pytest.raises(InvalidKey, match="4160 bits"):
        read_key(short_pem(4160))
