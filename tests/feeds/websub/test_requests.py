"""Section 5.1 of the Recommendation, as far as it needs no network: what a request must say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.websub.protocol import Mode, Reply, Wish, decoded, read_wish, with_parameters
from feeds.websub.settings import WebSubSettings
from tests.feeds.websub.builders import TOPIC, form
from tests.laws import law

CALLBACK = "https://reader.example/cb"
SETTINGS = WebSubSettings()


def wish(**fields: str | int) -> Wish:
    given = {"mode": "subscribe", "callback": CALLBACK, "topic": TOPIC} | fields
    found = read_wish(form(**given), SETTINGS)
    assert isinstance(found, Wish), found
    return found


def refusal(body: bytes) -> Reply:
    found = read_wish(body, SETTINGS)
    assert isinstance(found, Reply), found
    assert 400 <= found.status < 500
    return found


def test_callback_mode_and_topic_are_enough() -> None:
    """3.1.3: a hub MUST accept a request with hub.callback, hub.mode and hub.topic."""
    assert wish() == Wish(
        mode=Mode.SUBSCRIBE, callback=CALLBACK, said=TOPIC, topic=TOPIC, lease=864_000
    )


@pytest.mark.parametrize("missing", ["mode", "callback", "topic"])
def test_each_of_them_is_required(missing: str) -> None:
    """5.1: REQUIRED; 5.1.2: an error is described in plain text."""
    given = {"mode": "subscribe", "callback": CALLBACK, "topic": TOPIC}
    given.pop(missing)
    assert refusal(form(**given)).text == f"hub.{missing} is missing"


@pytest.mark.parametrize("mode", ["publish", "denied", "Subscribe", " subscribe", "x"])
def test_the_mode_is_one_of_two_literals(mode: str) -> None:
    """5.1: the literal string "subscribe" or "unsubscribe"."""
    body = form(mode=mode, callback=CALLBACK, topic=TOPIC)
    assert "hub.mode" in refusal(body).text


def test_parameters_it_does_not_understand_are_ignored() -> None:
    """5.1: hubs MUST ignore additional request parameters they do not understand."""
    assert wish(verify="sync", verify_token="x") == wish()
    body = form(mode="subscribe", callback=CALLBACK, topic=TOPIC) + b"&foo=1&foo=2&=&bar"
    assert read_wish(body, SETTINGS) == wish()


@pytest.mark.parametrize(
    ("asked", "given"),
    [("1", 3_600), ("7200", 7_200), ("99999999999", 30 * 86_400), ("", 864_000)],
)
def test_a_lease_is_clamped(asked: str, given: int) -> None:
    """5.1 and 5.3.1: hubs may change the lease, and MUST NOT issue perpetual ones."""
    assert wish(lease_seconds=asked).lease == given


@pytest.mark.parametrize("asked", ["0", "-1", "1.5", "ten", "1e3", "９", " 60", "0x10"])
def test_a_lease_is_a_positive_decimal_integer(asked: str) -> None:
    """5.1: given as a positive decimal integer."""
    body = form(mode="subscribe", callback=CALLBACK, topic=TOPIC, lease_seconds=asked)
    assert "hub.lease_seconds" in refusal(body).text


def test_the_lease_of_an_unsubscription_is_ignored() -> None:
    """5.1: MAY be present for unsubscription requests and MUST be ignored in that case."""
    assert wish(mode="unsubscribe", lease_seconds="nonsense").mode is Mode.UNSUBSCRIBE


def test_a_secret_is_less_than_200_bytes_long() -> None:
    """5.1: MUST be less than 200 bytes in length: bytes, not characters."""
    assert wish(secret="s" * 199).secret == b"s" * 199
    for secret in ("s" * 200, "é" * 100):
        body = form(mode="subscribe", callback=CALLBACK, topic=TOPIC, secret=secret)
        assert "hub.secret" in refusal(body).text


def test_a_secret_is_shown_nowhere() -> None:
    assert "hush" not in repr(wish(secret="hush"))


def test_the_form_is_utf_8() -> None:
    """5.1: MUST use UTF-8."""
    assert wish(secret="schlüssel").secret == "schlüssel".encode()
    assert "UTF-8" in refusal(b"hub.mode=subscribe&hub.secret=%FF").text
    assert "UTF-8" in refusal(b"hub.mode=\xff").text


def test_a_parameter_that_is_given_twice_is_not_guessed_at() -> None:
    body = form(mode="subscribe", callback=CALLBACK, topic=TOPIC)
    assert "twice" in refusal(body + b"&hub.mode=unsubscribe").text
    assert read_wish(body + b"&hub.mode=subscribe", SETTINGS) == wish()


def test_a_form_of_thousands_of_fields_is_refused() -> None:
    assert "fields" in refusal(b"a=1&" * 1_000).text


def test_unreserved_characters_of_a_topic_are_decoded() -> None:
    """5.1.1: hubs MUST always decode non-reserved characters for these URL parameters."""
    found = wish(topic="https://news.example.org/%66eeds/%61ll%2eatom")
    assert found.topic == TOPIC
    assert found.said == "https://news.example.org/%66eeds/%61ll%2eatom"
    assert decoded("/a%2fb%20c%7e") == "/a%2Fb%20c~"


@pytest.mark.parametrize(
    ("callback", "asked"),
    [
        ("https://r.example/cb", "https://r.example/cb?hub.mode=x"),
        (
            "https://r.example/cb?foo=bar&red=fish",
            "https://r.example/cb?foo=bar&red=fish&hub.mode=x",
        ),
        ("https://r.example/cb?hub.mode=mine", "https://r.example/cb?hub.mode=mine&hub.mode=x"),
        ("https://r.example?a", "https://r.example?a&hub.mode=x"),
    ],
)
def test_the_query_of_a_callback_is_kept_and_added_to(callback: str, asked: str) -> None:
    """5.1.1: MUST preserve the query string, appending with &; nothing is overwritten."""
    assert with_parameters(callback, {"hub.mode": "x"}) == asked


@law(40)
@given(st.binary(max_size=300))
def test_no_form_whatever_breaks_the_reading(body: bytes) -> None:
    assert isinstance(read_wish(body, SETTINGS), Wish | Reply)
