"""What is declared becomes settings, with defaults filled in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import Body, Query
from notifier.configuration import load
from notifier.configuration.selections import within
from notifier.digest.spec import Welcome
from notifier.schedule.language import parse_schedule
from notifier.settings import Maildir, SmtpRelay
from notifier.subscriber import Choice
from tests.laws import law
from tests.notifier.configuration.builders import BASE, MAIL, SITE, settings, told, write


def test_everything_has_a_default(tmp_path: Path) -> None:
    found = load(write(tmp_path, {"a.yaml": BASE}), {}).settings_or_raise()
    assert (found.host, found.port) == ("127.0.0.1", 8000)
    assert found.watch == timedelta(seconds=2)
    assert found.grace == timedelta(seconds=30)
    assert found.templates == tmp_path / "templates"
    assert found.mail is None
    assert (*found.sources, *found.feeds, *found.digests, *found.subscribers) == ()


def test_a_feed_is_what_is_declared(tmp_path: Path) -> None:
    text = """
feeds:
  all:
  news:
    title: News
    select:
      sections: news
      tags: [a, b]
      languages: [de, pt-BR]
      not: {words: "press release"}
      any: [{authors: [A]}, {sources: here}]
    items: 10
    content: summary
sources: [{folder: ., name: here, timezone: Asia/Tokyo, language: ja}]
"""
    found = settings(tmp_path, x=text)
    assert found.feeds[0].title == "all"
    assert found.feeds[1].body is Body.SUMMARY
    assert found.feeds[1].items == 10
    assert found.feeds[1].select == Query(
        sections=("news",),
        tags=("a", "b"),
        languages=("de", "pt-BR"),
        exclude=Query(words=("press release",)),
        any=(Query(authors=("A",)), Query(sources=("here",))),
    )
    assert (found.sources[0].timezone, found.sources[0].language) == ("Asia/Tokyo", "ja")


def test_a_digest_is_what_is_declared(tmp_path: Path) -> None:
    text = """
digests:
  morning:
    schedule: every weekday at 07:30
    articles: {max: 5}
    welcome: none
    late: 2h
    expires: 1 day
    spread: 2h
    topics: {sport: {title: Sport, select: {tags: sport}}, rest: {select: {not: {tags: sport}}}}
"""
    digest = settings(tmp_path, x=text).digests[0]
    assert digest.title == "morning"
    assert digest.schedule == parse_schedule("every weekday at 07:30")
    assert digest.timezone == "Europe/Paris"
    assert (digest.minimum, digest.maximum) == (1, 5)
    assert digest.welcome is Welcome.NONE
    assert (digest.late, digest.expires) == (timedelta(hours=2), timedelta(days=1))
    assert digest.spread == timedelta(hours=2)
    assert [topic.title for topic in digest.topics.values()] == ["Sport", "rest"]


def test_a_reader_names_digests_in_a_list_or_a_map(tmp_path: Path) -> None:
    text = """
digests:
  m: {schedule: at once, topics: {sport: {select: {tags: sport}}}}
  n: {schedule: at once, timezone: subscriber}
subscribers:
  - {email: a@readers.example, digests: m}
  - {email: b@readers.example, digests: [m, n], timezone: Asia/Tokyo, language: ja}
  - {email: c@readers.example, digests: {m: {topics: sport, schedule: every day at 08:00}, n: }}
"""
    one, two, three = settings(tmp_path, x=text).subscribers
    assert one.digests == {"m": Choice()}
    assert two.digests == {"m": Choice(), "n": Choice()}
    assert (two.timezone, two.language) == ("Asia/Tokyo", "ja")
    own = Choice(topics=("sport",), schedule=parse_schedule("every day at 08:00"))
    assert three.digests == {"m": own, "n": Choice()}


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("2", 2), ("0.5", 0.5), ("2s", 2), ("90 seconds", 90), ("5m", 300), ("1 hour", 3600)],
)
def test_time_spans(tmp_path: Path, written: str, seconds: float) -> None:
    assert settings(tmp_path, x=f"watch: {written}").watch == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000),
        ("'[::1]:80'", "::1", 80),
        ("localhost:0", "localhost", 0),
    ],
)
def test_where_to_listen(tmp_path: Path, written: str, host: str, port: int) -> None:
    found = settings(tmp_path, x=f"web: {{listen: {written}}}")
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize(
    ("written", "store"),
    [
        ("sqlite:///news.db", "sqlite:///{folder}/news.db"),
        ("sqlite:///../x/news.db", "sqlite:///{parent}/x/news.db"),
        ("sqlite:////var/lib/news.db", "sqlite:////var/lib/news.db"),
        (
            "postgresql://me:secret@db.example.org/news",
            "postgresql://me:secret@db.example.org/news",
        ),
        ("postgresql:///news?host=/run/postgresql", "postgresql:///news?host=/run/postgresql"),
    ],
)
def test_addresses_of_stores(tmp_path: Path, written: str, store: str) -> None:
    text = f"version: 1\n{SITE}store: {written}\n"
    found = load(write(tmp_path, {"a.yaml": text}), {}).settings_or_raise()
    assert found.store == store.format(folder=tmp_path, parent=tmp_path.parent)
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("sqlite://news.db", "three slashes and a path: `sqlite:///../data/paperround.db`"),
        ("'sqlite:///:memory:'", "three slashes and a path: `sqlite:///../data/paperround.db`"),
        ("mysql://me:secret@db/x", "write `sqlite:///PATH` or `postgresql://USER@HOST/NAME`"),
        ("news.db", "write `sqlite:///PATH` or `postgresql://USER@HOST/NAME`"),
        ("postgresql://", "write `sqlite:///PATH` or `postgresql://USER@HOST/NAME`"),
    ],
)
def test_what_is_no_store(tmp_path: Path, written: str, hint: str) -> None:
    loaded = load(write(tmp_path, {"a.yaml": f"version: 1\n{SITE}store: {written}\n"}), {})
    assert [problem.hint for problem in loaded.problems] == [hint]
    assert "secret" not in str(loaded.problems[0])


def _mail(folder: Path, text: str) -> str:
    return BASE + "mail:\n  from: The Courier <news@example.org>\n" + text


@pytest.mark.parametrize(
    ("transport", "password", "expected"),
    [
        ("smtp://mail.example.org", "", ("mail.example.org", 25, "starttls", "")),
        ("smtp://me@mail.example.org", "x", ("mail.example.org", 587, "starttls", "me")),
        ("smtp://me@mail.example.org:25", "x", ("mail.example.org", 25, "starttls", "me")),
        (
            "smtp://me@b.example@mail.example.org/",
            "x",
            ("mail.example.org", 587, "starttls", "me@b.example"),
        ),
        ("smtp://me%40b.example@m.example", "x", ("m.example", 587, "starttls", "me@b.example")),
        ("smtps://me@mail.example.org", "x", ("mail.example.org", 465, "implicit", "me")),
        ("smtp://localhost:2525", "", ("localhost", 2525, "none", "")),
        ("smtp://me@localhost", "x", ("localhost", 587, "starttls", "me")),
        ("smtp://localhost?tls=starttls", "", ("localhost", 25, "starttls", "")),
        ("smtp://mail.example.org?tls=none", "", ("mail.example.org", 25, "none", "")),
        ("smtp://[::1]:25", "", ("::1", 25, "none", "")),
    ],
)
def test_mail_servers(
    tmp_path: Path, transport: str, password: str, expected: tuple[str, int, str, str]
) -> None:
    text = _mail(tmp_path, f"  transport: '{transport}'\n")
    text += f"  password: {password}\n" if password else ""
    loaded = load(write(tmp_path, {"a.yaml": text}), {})
    assert told(loaded) == []
    mail = loaded.settings_or_raise().mail
    assert mail is not None
    relay = mail.transport
    assert isinstance(relay, SmtpRelay)
    assert (relay.host, relay.port, relay.tls, relay.username) == expected
    assert (mail.from_name, mail.from_address) == ("The Courier", "news@example.org")


EXAMPLE = "such as `maildir:../data/mail` or `smtp://user@mail.example.org:587`"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("transport: mbox:x", f"5:14: this is not a way out for mail | {EXAMPLE}"),
        ("transport: smpt://x", "5:14: this is not a way out for mail | did you mean `smtp:`?"),
        (
            "transport: smtp:x",
            "5:14: this is not a way out for mail | write `smtp://` before the host",
        ),
        (
            "transport: smtp://x:99999",
            "5:14: this is not a way out for mail | a port is a number from 1 to 65535",
        ),
        (
            "transport: smtp://x?ssl=1",
            "5:14: this is not a way out for mail | "
            "after `?` only `tls=starttls` and `tls=none` are known",
        ),
        (
            "transport: smtp://me:geheim@mail.example.org",
            "5:14: a password cannot stand in an address | "
            "take it out, and write `password: ${SMTP_PASSWORD}` below",
        ),
        (
            "transport: smtp://me@mail.example.org?tls=none\n  password: geheim",
            "5:14: a login needs an encrypted connection | take `tls=none` out, or write `smtps://`",
        ),
        (
            "transport: smtp://me@mail.example.org",
            "5:14: the login has no `password` | add `password: ${SMTP_PASSWORD}`",
        ),
        (
            "transport: smtp://me@mail.example.org\n  password: ''",
            "6:13: the password is empty",
        ),
        (
            "transport: smtp://mail.example.org\n  password: geheim",
            "6:13: a password needs a login in `transport` | "
            "write it before the host: `smtp://user@mail.example.org:587`",
        ),
        ("transport: maildir:x\n  password: geheim", "6:13: warning: a Maildir needs no password"),
        ("transport: maildir:x\n  ca_file: none.pem", "6:12: there is no such file"),
        ("transport: maildir:x\n  reply_to: nobody", "6:13: `nobody` is not an e-mail address"),
        (
            "transport: maildir:x\n  in_doubt: wait",
            "6:13: `wait` is not one of the choices | known: `resend`, `hold`",
        ),
        (
            "transport: maildir:x\n  dkin: {domain: x}",
            "6:3: unknown key `dkin` | did you mean `dkim`?",
        ),
    ],
)
def test_mistakes_about_mail(tmp_path: Path, lines: str, expected: str) -> None:
    text = f"{BASE}mail: \n  {lines}\n  from: news@example.org\n"
    assert told(load(write(tmp_path, {"a.yaml": text}), {})) == [f"a.yaml:{expected}"]


def test_the_rest_about_mail(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    text = (
        "  {transport: 'smtps://mail.example.org', reply_to: desk@example.org, ca_file: ca.pem,\n"
        "  bounces: bounces@example.org, in_doubt: hold, connections: 9, timeout: 5m,\n"
        "  from: news@example.org}\n"
    )
    loaded = load(write(tmp_path, {"a.yaml": BASE + "mail:\n" + text}), {})
    mail = loaded.settings_or_raise().mail
    assert mail is not None
    assert (mail.reply_to, mail.envelope_sender) == ("desk@example.org", "bounces@example.org")
    assert mail.in_doubt == "hold"
    assert mail.transport == SmtpRelay(
        host="mail.example.org",
        port=465,
        tls="implicit",
        connections=9,
        timeout=300.0,
        ca_file=str(tmp_path / "ca.pem"),
    )


def test_a_maildir_is_relative_to_its_file(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, {"a.yaml": BASE + MAIL}), {})
    mail = loaded.settings_or_raise().mail
    assert mail is not None
    assert mail.transport == Maildir(path=tmp_path / "mail")


words = st.lists(st.sampled_from("abc"), max_size=2).map(tuple)
queries = st.recursive(
    st.builds(Query, tags=words, sections=words),
    lambda inner: st.builds(
        Query,
        tags=words,
        exclude=st.none() | inner,
        any=st.lists(inner, max_size=2).map(tuple),
    ),
    max_leaves=4,
)


class _Article:
    """As much of an article as these queries look at."""

    authors = ()
    source = language = normalised = ""

    def __init__(self, section: str, tags: tuple[str, ...]) -> None:
        self.section = section
        self.tags = tags


@given(queries, st.lists(queries, max_size=3), st.sampled_from(["", "a", "b"]), words)
@law(40)
def test_a_digest_admits_what_it_selects_itself_and_a_feed_does(
    own: Query, feeds: list[Query], section: str, tags: tuple[str, ...]
) -> None:
    article = _Article(section, tags)
    wanted = own.admits(article) and (not feeds or any(feed.admits(article) for feed in feeds))
    assert within(own, feeds).admits(article) == wanted
