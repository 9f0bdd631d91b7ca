"""Frozen once, filled for each reader: what a mail program reads is what was rendered."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string, policy
from email.errors import NonASCIILocalPartDefect
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.delivery.dkim import Signer
from notifier.delivery.filling import Prepared, _written
from notifier.delivery.frozen import Frozen
from notifier.delivery.message import freeze, message_id
from notifier.delivery.quoted_printable import encode
from notifier.digest.placeholder import CLOSING, OPENING, SLOTS, slot_token
from notifier.errors import InvalidMessage
from tests.laws import law

NAME, LINK = slot_token("name"), slot_token("unsubscribe_url")
DATE = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
VALUES = {
    "name": "Anna Reader",
    "email": "anna@readers.example",
    "unsubscribe_url": "https://news.example.org/u/abc",
    "preferences_url": "https://news.example.org/p/abc",
}

# Everything but controls, surrogates and line separators: what may stand in a header.
header_text = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=300)
slotted = st.lists(st.one_of(st.text(max_size=90), st.sampled_from([NAME, LINK])), max_size=8).map(
    "".join
)
local_parts = st.one_of(
    st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[A-Z0-9]{1,20}){0,2}", fullmatch=True),
    st.from_regex(r"[a-zäöéß日本ж]{1,16}(\.[a-z日本]{1,5})?", fullmatch=True),
)
domains = st.from_regex(r"[a-zäöß日本0-9]{1,12}(\.[a-z]{2,8}){1,2}", fullmatch=True)
addresses = st.builds("{}@{}".format, local_parts, domains)


def a_frozen(
    *,
    subject: str = "The morning paper",
    html: str = f"<p>Dear {NAME}</p>\n",
    text: str = f"Dear {NAME}\n",
    from_name: str = "Riverside Courier",
    from_address: str = "news@example.org",
    reply_to: str = "",
    language: str = "en",
    list_id: str = "morning.news.example.org",
    list_name: str = "The morning paper",
    date: datetime = DATE,
    list_archive: str = "",
    list_help: str = "",
    feedback_id: str = "",
    selectors: tuple[str, ...] = (),
    extra: Mapping[str, str] | None = None,
) -> Frozen:
    return freeze(
        subject=subject,
        html=html,
        text=text,
        from_name=from_name,
        from_address=from_address,
        reply_to=reply_to,
        language=language,
        list_id=list_id,
        list_name=list_name,
        date=date,
        list_archive=list_archive,
        list_help=list_help,
        feedback_id=feedback_id,
        selectors=selectors,
        extra=extra,
    )


def filled(
    frozen: Frozen | None = None,
    values: Mapping[str, str] = VALUES,
    *,
    recipient: str = "anna@readers.example",
    recipient_name: str = "Anna Reader",
    identifier: str = "<abc@example.org>",
    leave_address: str = "",
    signers: Sequence[Signer] = (),
) -> bytes:
    return Prepared(frozen or a_frozen(), signers).fill(
        values,
        recipient=recipient,
        recipient_name=recipient_name,
        message_id=identifier,
        leave_address=leave_address,
    )


def parsed(content: bytes) -> EmailMessage:
    if content.isascii():
        message = message_from_bytes(content, policy=policy.default)
    else:  # an international local part (RFC 6532), for which the parser wants text
        message = message_from_string(content.decode(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects
        for value in part.values():
            found = getattr(value, "defects", ())  # what RFC 6532 allows is one for the parser
            assert not [one for one in found if not isinstance(one, NonASCIILocalPartDefect)]
    return message


def bodies(message: EmailMessage) -> list[str]:
    return [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]


def replaced(rendered: str, values: Mapping[str, str]) -> str:
    whole = re.sub(
        f"{OPENING}({'|'.join(SLOTS)}){CLOSING}", lambda found: values[found[1]], rendered
    )
    return whole.replace("\r\n", "\n").replace("\r", "\n")


def folded(text: str) -> str:
    return " ".join(text.split())


def decoded_phrase(content: bytes, field: str) -> str:
    """Decode by RFC 2047 ourselves: the standard parser keeps the space between two words."""
    raw = re.search(rf"(?ms)^{field}: (.*?)\r\n(?![ \t])", content.decode())
    assert raw is not None
    phrase = re.sub(r"\r\n", "", raw[1]).rpartition("<")[0].strip()
    if phrase.startswith('"'):
        return re.sub(r"\\(.)", r"\1", phrase[1:-1])
    return str(make_header(decode_header(phrase))) if "=?" in phrase else phrase


@law(25)
@example("x", "", "", "", "", "a@b.example", "a@b.example")
@example(NAME, NAME, NAME, "日本" * 80, '"' * 60, "a@b.example", "a@b.example")
@example("👩‍👩‍👧" * 40, LINK, LINK, '"👋🏽" ' * 50, "é" * 300, "日本@bücher.example", "a@b.example")
@example(
    "=?utf-8?q?x?=",
    "\r\n.\r\n",
    "From me\nFrom you \t\n",
    "x" * 300,
    "=?",
    "a@ß.example",
    "b@b.example",
)
@given(
    subject=st.one_of(header_text, header_text.map(lambda text: f"{NAME}, {text}")),
    html=slotted,
    text=slotted,
    name=header_text,
    from_name=header_text,
    recipient=addresses,
    from_address=addresses,
)
def test_whatever_is_rendered_a_mail_program_reads_exactly_that(
    subject: str, html: str, text: str, name: str, from_name: str, recipient: str, from_address: str
) -> None:
    values = {**VALUES, "name": name}
    frozen = a_frozen(
        subject=subject, html=html, text=text, from_name=from_name, from_address=from_address
    )
    content = filled(frozen, values, recipient=recipient, recipient_name=name)

    message = parsed(content)
    escaped = {slot: markup.escape(value) for slot, value in values.items()}
    assert bodies(message) == [replaced(text, values), replaced(html, escaped)]
    assert message["Subject"] == folded(replaced(subject, values))
    assert decoded_phrase(content, "To") == folded(name)
    assert decoded_phrase(content, "From") == folded(from_name)
    assert message["To"].addresses[0].username == recipient.rpartition("@")[0]


@law(25)
@example(NAME, NAME, "日本語" * 40)
@given(slotted, slotted, header_text)
def test_lines_are_short_and_end_as_the_standards_want(html: str, text: str, name: str) -> None:
    content = filled(a_frozen(html=html, text=text), {**VALUES, "name": name}, recipient_name=name)
    assert content.endswith(b"\r\n")
    assert content.isascii()
    assert content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))


@given(slotted, slotted, header_text)
@law(25)
def test_a_stored_message_comes_back_the_same(html: str, text: str, subject: str) -> None:
    frozen = a_frozen(html=html, text=text, subject=subject + NAME)
    assert Frozen.from_bytes(frozen.to_bytes()) == frozen


@pytest.mark.parametrize("damage", [b"", b"x", b"b3:ab", b"q1:a", b"b-1:a", b"bx:a", b"b1"])
def test_a_damaged_store_is_refused(damage: bytes) -> None:
    stored = a_frozen().to_bytes()
    if not damage:
        stored = b""
    with pytest.raises(InvalidMessage):
        Frozen.from_bytes(stored + damage)


def test_the_text_comes_first_and_the_same_words_give_the_same_bytes() -> None:
    message = parsed(filled())
    assert message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    assert filled() == filled(a_frozen())


def test_a_message_says_that_it_is_a_list_and_how_to_leave_it() -> None:
    message = parsed(filled())
    assert message["List-Id"] == "The morning paper <morning.news.example.org>"
    assert message["List-Unsubscribe"] == "<https://news.example.org/u/abc>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"
    assert message["Content-Language"] == "en"
    assert message["Date"].datetime == DATE
    assert message["Message-ID"] == "<abc@example.org>"


def test_one_click_is_promised_for_https_only() -> None:
    message = parsed(filled(values={**VALUES, "unsubscribe_url": "http://news.example.org/u/abc"}))
    assert message["List-Unsubscribe"] == "<http://news.example.org/u/abc>"
    assert "List-Unsubscribe-Post" not in message
    assert "List-Unsubscribe" not in parsed(filled(values={**VALUES, "unsubscribe_url": ""}))


def test_a_long_link_to_leave_stands_on_one_line_as_it_is() -> None:
    url = "https://news.example.org/u/" + "a" * 400
    content = filled(values={**VALUES, "unsubscribe_url": url})
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in content


def test_a_list_name_that_is_not_ascii_is_left_out() -> None:
    assert parsed(filled(a_frozen(list_name="Früh")))["List-Id"] == "<morning.news.example.org>"


def test_a_list_under_an_international_domain_is_named_in_ascii() -> None:
    message = parsed(filled(a_frozen(list_id="früh.bücher.example", list_name="")))
    assert message["List-Id"] == "<xn--frh-ioa.xn--bcher-kva.example>"


def test_a_reader_called_like_a_slot_is_only_called_so() -> None:
    content = filled(values={**VALUES, "name": slot_token("email")})
    assert bodies(parsed(content))[0] == f"Dear {slot_token('email')}\n"


def test_a_name_is_escaped_in_html_and_plain_in_text() -> None:
    text, html = bodies(parsed(filled(values={**VALUES, "name": "<b>&\"'"})))
    assert text == "Dear <b>&\"'\n"
    assert html == "<p>Dear &lt;b&gt;&amp;&quot;&#x27;</p>\n"


def test_an_international_domain_travels_in_ascii() -> None:
    content = filled(recipient="anna@straße.example")
    assert b"<anna@xn--strae-oqa.example>\r\n" in content


def test_an_international_local_part_stands_in_utf_8() -> None:
    content = filled(recipient="änna@readers.example")
    message = message_from_string(content.decode(), policy=policy.default)
    assert message["To"].addresses[0].addr_spec == "änna@readers.example"


INJECTIONS = ["a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\x00b", "a\x85b", "a\x1bb", "\ud800"]


@pytest.mark.parametrize("text", INJECTIONS)
def test_controls_in_what_becomes_a_header_are_refused(text: str) -> None:
    for wrong in (
        lambda: a_frozen(subject=text),
        lambda: a_frozen(subject=NAME + text),
        lambda: a_frozen(from_name=text),
        lambda: a_frozen(from_address=f"{text}@example.org"),
        lambda: a_frozen(reply_to=f"{text}@example.org"),
        lambda: a_frozen(language=text),
        lambda: a_frozen(list_id=f"{text}.example"),
        lambda: a_frozen(feedback_id=text),
        lambda: a_frozen(list_help=f"https://x.example/{text}"),
        lambda: a_frozen(extra={"X-Tag": text}),
        lambda: a_frozen(extra={text: "x"}),
        lambda: filled(recipient_name=text),
        lambda: filled(recipient=f"{text}@readers.example"),
        lambda: filled(identifier=f"<{text}@example.org>"),
        lambda: filled(values={**VALUES, "unsubscribe_url": f"https://x.example/{text}"}),
        lambda: filled(a_frozen(subject=NAME), {**VALUES, "name": text}),
    ):
        with pytest.raises(InvalidMessage):
            wrong()


def test_an_encoded_word_never_stands_in_a_list_field() -> None:
    grand = "https://bücher.example:8443/größe/ü?a=ö&b=%20"
    plain = "https://xn--bcher-kva.example:8443/gr%C3%B6%C3%9Fe/%C3%BC?a=%C3%B6&b=%20"
    message = parsed(
        filled(a_frozen(list_help=grand, list_archive=grand), {**VALUES, "unsubscribe_url": grand})
    )
    for field in ("List-Help", "List-Archive", "List-Unsubscribe"):
        assert message[field] == f"<{plain}>"


@pytest.mark.parametrize("url", ["mailto:a@b.example", "https://", "https://x.example/<", "x y"])
def test_what_is_no_link_is_refused(url: str) -> None:
    for wrong in (
        lambda: a_frozen(list_help=url),
        lambda: a_frozen(list_archive=url),
        lambda: filled(values={**VALUES, "unsubscribe_url": url}),
        lambda: filled(values={**VALUES, "unsubscribe_url": "https://x.example/" + "a" * 1000}),
    ):
        with pytest.raises(InvalidMessage):
            wrong()


def test_leaving_by_mail_is_offered_after_the_page() -> None:
    content = filled(leave_address="u-1-2-abc@bounce.example.org")
    assert (
        b"\r\nList-Unsubscribe: <https://news.example.org/u/abc>,\r\n"
        b" <mailto:u-1-2-abc@bounce.example.org>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ) in content
    parsed(content)
    with pytest.raises(InvalidMessage):
        filled(leave_address="a?subject=x@bounce.example.org")


def test_fields_of_ours_cannot_be_set_a_second_time() -> None:
    for name in ("From", "to", "LIST-ID", "List-Help", "DKIM-Signature", "Content-Type"):
        with pytest.raises(InvalidMessage):
            a_frozen(extra={name: "x"})


def test_a_message_tells_where_its_list_and_its_sender_are() -> None:
    message = parsed(
        filled(
            a_frozen(
                list_archive="https://news.example.org/digests/morning",
                list_help="https://news.example.org/",
                feedback_id="morning:en:digest:0123456789ab",
            )
        )
    )
    assert message["List-Archive"] == "<https://news.example.org/digests/morning>"
    assert message["List-Help"] == "<https://news.example.org/>"
    assert message["Feedback-ID"] == "morning:en:digest:0123456789ab"


def test_a_slot_without_a_value_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="name"):
        filled(values={"unsubscribe_url": ""})


def test_a_message_id_is_a_readers_own_and_always_the_same() -> None:
    first = message_id(b"key", "issue-1", "reader-1", "bücher.example")
    assert re.fullmatch(r"<[a-f0-9]{32}@xn--bcher-kva\.example>", first)
    assert first == message_id(b"key", "issue-1", "reader-1", "bücher.example")
    others = {
        message_id(b"key", "issue-1", "reader-2", "bücher.example"),
        message_id(b"key", "issue-1r", "eader-1", "bücher.example"),
        message_id(b"other", "issue-1", "reader-1", "bücher.example"),
    }
    assert len(others | {first}) == 4


@law(300)
@given(st.one_of(st.text(), st.text("aZ09 .,'&<>\"=/:?~-", max_size=90)))
def test_what_is_filled_in_as_it_is_would_be_encoded_as_it_is(value: str) -> None:
    assert _written(["name"], {"name": value}) == [encode(value), encode(markup.escape(value))]
