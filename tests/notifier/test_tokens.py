"""Addresses that prove what they are about, and pass through any mail server."""

from __future__ import annotations

from base64 import b32encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.tokens import (
    BOUNCED,
    UNSUBSCRIBED,
    SecretKey,
    identity,
    local_part,
    names_of,
    read_local_part,
    returns,
)
from tests.laws import law

KEY = SecretKey(1, b"k" * 32)
numbers = st.integers(0, 10**18)


@law(40)
@given(st.integers(0, 999_999_999), numbers, numbers)
def test_an_envelope_sender_comes_back_in_any_case(key_id: int, issue: int, reader: int) -> None:
    key = SecretKey(key_id, b"k" * 32)
    local = local_part(key, BOUNCED, issue, reader)
    assert len(local) <= 64
    assert set(local) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    for returned in (local, local.upper(), local.title()):
        claim = read_local_part(returned)
        assert claim is not None
        assert (claim.purpose, claim.key_id, claim.numbers) == (BOUNCED, key_id, (issue, reader))
        assert returns(claim, key)


@given(st.integers(0, 999_999_999), numbers, numbers)
def test_a_delivery_has_the_same_names_however_they_are_asked_for(
    key_id: int, issue: int, reader: int
) -> None:
    key = SecretKey(key_id, b"k" * 32)
    apart = identity(key.secret, str(issue), str(reader)), local_part(key, BOUNCED, issue, reader)
    assert names_of(key, issue, reader) == apart


def test_nobody_else_can_make_one() -> None:
    local = local_part(KEY, BOUNCED, 7, 9)
    for at, letter in enumerate(local):
        for other in "ab2z9-":
            claim = read_local_part(local[:at] + other + local[at + 1 :])
            assert other == letter or claim is None or not returns(claim, KEY)
    claim = read_local_part(local)
    assert claim is not None
    assert not returns(claim, SecretKey(1, b"other"))
    assert not returns(claim, SecretKey(2, KEY.secret))
    assert claim.mac not in repr(claim)


@pytest.mark.parametrize("local", ["b-1-7-9-%s", "u-1-5-%s"])
def test_addresses_that_are_out_are_known_for_ever(local: str) -> None:
    made = {"b": ("mail", "b", "7", "9", "0"), "u": ("mail", "u", "5", "2")}[local[0]]
    mac = b32encode(KEY.mac(*made)[:15]).decode().lower()
    claim = read_local_part(local % mac)
    assert claim is not None
    assert returns(claim, KEY, 0 if local[0] == "b" else 2)
    assert not returns(claim, SecretKey(1, b"other"), 0 if local[0] == "b" else 2)


def test_an_address_to_leave_by_ends_with_its_generation() -> None:
    local = local_part(KEY, UNSUBSCRIBED, 5, generation=2)
    claim = read_local_part(local)
    assert claim is not None
    assert (claim.purpose, claim.numbers) == (UNSUBSCRIBED, (5,))
    assert returns(claim, KEY, 2)
    assert not returns(claim, KEY, 3)
    assert local.partition("-")[2] != local_part(KEY, BOUNCED, 5, generation=2).partition("-")[2]


@pytest.mark.parametrize(
    "text", ["", "news", "b-1-2-3", "b-1-2-3-short", "x-1-2-3-" + "a" * 24, "b-1-2-" + "ａ" * 24]
)
def test_other_addresses_claim_nothing(text: str) -> None:
    assert read_local_part(text) is None
