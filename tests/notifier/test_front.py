"""The front of the web server: it answers what ASGI would, whatever is sent, and in what pieces."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from feeds import Article
from feeds import Site as Address
from feeds.kit.database import Database
from feeds.library import Press, publish
from feeds.web import Answer, Asked, FeedServer
from notifier.service.front import Front, front
from tests.conftest import NOW
from tests.feeds.builders import a_feed, an_article
from tests.feeds.library.builders import a_press
from tests.laws import law
from tests.notifier.wires import Clock, Site, Step, talk

ATOM = "/feeds/all.atom"
ETAG = b"%ETAG%"  # stands for the tag of that feed
EARLIER = b"%EARLIER%"  # for the tag of its first version
WORDS = "The ferry runs again. " * 60
CLOSED_AFTER = 75  # seconds of silence


@dataclass
class Publication:
    """A site in two versions, the loop that it lives in, and the front that was put to it."""

    runner: asyncio.Runner
    press: Press
    site: Site
    kind: type[Front]
    tags: dict[bytes, bytes]

    def filled(self, data: bytes) -> bytes:
        for name, tag in self.tags.items():
            data = data.replace(name, tag)
        return data

    def both(self, steps: Sequence[Step]) -> tuple[tuple[bytes, list[bool]], ...]:
        """Return what the front makes of it, and what uvicorn does."""
        kinds = (self.kind, HttpToolsProtocol)
        return tuple(self.runner.run(talk(kind, self.site, steps)) for kind in kinds)

    async def publish(self, *articles: Article) -> None:
        now = NOW + timedelta(days=len(self.tags))
        await self.press.store.ingest(articles, now)
        await publish(self.press, now)
        await self.site.server.refresh()
        await self.site.server.compressed()

    def ask(self, *data: bytes) -> bytes:
        steps = [Step(self.filled(one)) for one in data]
        return self.runner.run(talk(self.kind, self.site, steps))[0]


@pytest.fixture(scope="module")
def paper(sqlite_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    store = shutil.copy(sqlite_tables, tmp_path_factory.mktemp("front") / "store.db")
    with asyncio.Runner(loop_factory=Clock) as runner:
        database = Database(f"sqlite:///{store}")
        yield runner.run(published(database, runner))
        runner.run(database.close())


async def published(database: Database, runner: asyncio.Runner) -> Publication:
    """Return a publication that has published twice."""
    address = Address(name="Riverside Courier", url="https://example.org/news")
    feeds = (a_feed(items=3), a_feed(name="new", was=("old",)))
    press = a_press(database, *feeds, site=address)
    server = FeedServer(press.shelf, press.site, press, gone=("closed",))
    paper = Publication(runner, press, Site(server), front(server.ready), {})
    for name in (EARLIER, ETAG):
        articles = [an_article(id=f"urn:{name.decode()}:{n}", text=WORDS) for n in range(4)]
        await paper.publish(*articles)
        answer = server.ready("GET", ATOM, Asked([]))
        assert answer
        paper.tags[name] = dict(answer.headers)[b"etag"][3:-1]
    return paper


def a_request(
    *fields: bytes, method: bytes = b"GET", target: bytes = ATOM.encode(), version: bytes = b"1.1"
) -> bytes:
    lines = [b"%b %b HTTP/%b" % (method, target, version), *fields]
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n"


POLL = a_request(b'If-None-Match: W/"%ETAG%"', b"Accept-Encoding: gzip", b"Host: example.org")

methods = st.sampled_from([b"GET"] * 5 + [b"HEAD", b"OPTIONS", b"POST", b"DELETE", b"PATCH"])
paths = [b"/feeds/all.atom", b"/feeds/all.rss", b"/news/feeds/all.json", b"/news/feeds/new.atom"]
odd = [
    b"/feeds/all.atom?x=1",
    b"/feeds/%61ll.atom",
    b"/feeds/all.atom#top",
    b"//feeds/all.atom",
    b"http://example.org/feeds/all.atom",
    b"/feeds/all/nothing.atom",
    b"/feeds/old.rss",
    b"/feeds/closed.json",
    b"/feeds/none.atom",
    b"/elsewhere?x",
    b"*",
]
targets = st.sampled_from(paths * 4 + odd)
tags = st.sampled_from(
    [
        b'W/"%ETAG%"',
        b'"%ETAG%"',
        b'W/"%ETAG%-gzip"',
        b'W/"%EARLIER%"',
        b'"x", W/"%ETAG%"',
        b"%ETAG%",
        b"*",
        b'"other"',
        b"",
        b"\xff",
    ]
)
dates = st.sampled_from(
    [b"Mon, 23 Nov 2026 06:00:00 GMT", b"Fri, 01 Jan 2038 00:00:00 GMT", b"yesterday", b""]
)
accepted = st.sampled_from(
    [
        b"gzip",
        b"br, gzip;q=0.5",
        b"gzip;q=0",
        b"identity;q=0, *;q=0",
        b"deflate, identity;q=0",
        b"*",
        b"gzip, br;q=2, zstd",
        b"",
    ]
)
fields = st.one_of(
    tags.map(b"If-None-Match: ".__add__),
    tags.map(b"if-none-match:".__add__),
    dates.map(b"If-Modified-Since: ".__add__),
    accepted.map(b"Accept-Encoding: ".__add__),
    st.sampled_from(
        [
            b"A-IM: feed",
            b"A-IM: x, FEED;q=0.1",
            b"Sec-Fetch-Mode: navigate",
            b"Sec-Fetch-Dest: document",
            b"Host: example.org",
            b"Host: elsewhere.example",
            b"Connection: close",
            b"Connection: keep-alive",
            b"Connection: upgrade",
            b"Upgrade: h2c",
            b"Expect: 100-continue",
            b"Range: bytes=0-3",
            b"Cookie: a=b",
            b"X-Long: " + b"x" * 3000,
            b"X-Empty:",
        ]
    ),
)
bodies = st.sampled_from([b""] * 6 + [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
versions = st.sampled_from([b"1.1"] * 8 + [b"1.0"])
CHUNKED = a_request(b"Transfer-Encoding: chunked", method=b"POST", target=b"/elsewhere")
UNKNOWN = Answer(404, ((b"content-length", b"0"),))
NASTY = [
    a_request(b"Content-Length: 4", b"Transfer-Encoding: chunked", method=b"POST") + b"0\r\n\r\n",
    a_request(b"Content-Length: 4", b"Content-Length: 5", method=b"POST") + b"abcde",
    a_request(b"Transfer-Encoding: chunked, identity", method=b"POST") + b"0\r\n\r\n",
    a_request(b"Transfer-Encoding : chunked") + b"0\r\n\r\n",
    a_request(b"Content-Length: 0, 0") + POLL,
    a_request(b"Content-Length: +5") + b"hello",
    a_request(b"A: b\nContent-Length: 5") + b"hello",
    a_request(b" folded: yes"),
    a_request(b"A: \x00"),
    a_request(b"A:\r b"),
    a_request(version=b"2.0"),
    a_request(version=b"0.9"),
    b"GET /feeds/all.atom\r\n\r\n",
    a_request(method=b"get"),
    a_request(target=b"/feeds/\xe4.atom"),
    a_request(method=b"CONNECT", target=b"example.org:80"),
    b"\x16\x03\x01\x02",
    b"\r\n\r\n",
]


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    body = draw(bodies)
    method, target, version = draw(methods), draw(targets), draw(versions)
    told = [*draw(st.lists(fields, max_size=5)), *([body] if body else [])]
    head = a_request(*told, method=method, target=target, version=version)
    if body.startswith(b"Transfer"):
        return head + b"2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    return head + (b"hello" if body else b"")


@st.composite
def conversations(draw: st.DrawFn) -> list[Step]:
    """Some requests, often the same again, cut anywhere or pipelined; and at last anything."""
    several = draw(st.lists(requests() | st.just(POLL), min_size=1, max_size=3))
    sent = draw(st.lists(st.sampled_from(several), min_size=1, max_size=5))
    if draw(st.booleans()):
        pieces = sent
    else:
        stream = b"".join(sent)
        cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=4)))
        ends = zip([0, *cuts], [*cuts, len(stream)], strict=True)
        pieces = [stream[begin:end] for begin, end in ends if begin < end]
    steps = [Step(one, draw(waits), draw(st.booleans())) for one in pieces]
    steps[-1] = Step(steps[-1].data, steps[-1].seconds)
    nasty = draw(st.lists(st.sampled_from(NASTY), max_size=1))
    return [*steps, *map(Step, nasty)]


waits = st.sampled_from([0, 0, 0, 0, 40, CLOSED_AFTER - 1, CLOSED_AFTER + 1])


@law(40, thorough=1500)
@given(steps=conversations())
def test_the_front_answers_what_asgi_answers(paper: Publication, steps: list[Step]) -> None:
    filled = [Step(paper.filled(one.data), one.seconds, one.patient) for one in steps]
    ours, theirs = paper.both(filled)
    if ours != theirs:  # what is made when it is first asked for takes the first of them longer
        ours, theirs = paper.both(filled)
    assert ours == theirs


def test_a_poll_goes_no_further_than_the_front(paper: Publication) -> None:
    paper.site.asked = 0
    answers = paper.ask(POLL, POLL, POLL[:20], POLL[20:] + POLL)
    assert answers.count(b"HTTP/1.1 304 Not Modified\r\n") == 4
    assert paper.site.asked == 0


def test_a_document_in_memory_goes_no_further_either(paper: Publication) -> None:
    paper.site.asked = 0
    asked = a_request(b"Accept-Encoding: br")
    head, _, body = paper.ask(asked).partition(b"\r\n\r\n")
    assert b"content-encoding: br" in head
    assert f"content-length: {len(body)}".encode() in head
    assert paper.ask(asked, a_request(b"Accept-Encoding: br", method=b"HEAD")).endswith(
        body + head + b"\r\n\r\n"
    )
    assert paper.site.asked == 0


def test_what_is_published_shows_in_the_answer_to_the_same_octets(sqlite_tables: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=Clock) as runner:
        store = shutil.copy(sqlite_tables, folder)
        database = Database(f"sqlite:///{store}")
        paper = runner.run(published(database, runner))
        before = [paper.ask(POLL), paper.ask(POLL)]
        runner.run(paper.publish(an_article(id="urn:x:new", title="The newest")))
        after = [paper.ask(POLL), paper.ask(POLL)]
        runner.run(database.close())
    assert [one[9:12] for one in (*before, *after)] == [b"304", b"304", b"200", b"200"]


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nA: ", b"GET /", b"", CHUNKED + b"0\r\nA: "])
def test_what_has_no_end_is_refused(paper: Publication, begun: bytes) -> None:
    flood = (b"\r\n" if not begun else b"x") * 8_000
    answer = paper.ask(begun, *[flood] * 20)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"connection: close" in answer


def test_a_long_body_is_no_flood(paper: Publication) -> None:
    begun = a_request(b"Content-Length: 500000", method=b"POST", target=b"/elsewhere")
    answer = paper.ask(begun, *[b"x" * 50_000] * 10)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"x" * 500_000)


@pytest.mark.parametrize(
    "request_",
    [
        a_request(target=b"/feeds/%61ll.atom"),
        a_request(b"Connection: keep-alive", version=b"1.0"),
        a_request(b"Connection: close"),
        a_request(b"Connection: upgrade", b"Upgrade: h2c"),
        a_request(b"Upgrade: h2c"),
        a_request(b"Expect: 100-continue"),
        a_request(b"Content-Length: 0"),
        CHUNKED + b"0\r\n\r\n",
    ],
)
def test_what_is_not_plain_is_never_asked_for(paper: Publication, request_: bytes) -> None:
    kind = front(lambda method, path, asked: UNKNOWN)
    answers, _ = paper.runner.run(talk(kind, paper.site, [Step(request_)]))
    assert answers.startswith(b"HTTP/1.1 200 ")
    answers, _ = paper.runner.run(talk(kind, paper.site, [Step(a_request())]))
    assert answers.startswith(b"HTTP/1.1 404 ")


def test_the_end_of_a_request_is_not_remembered_as_one(paper: Publication) -> None:
    whole, ending = paper.ask(POLL[:3], POLL[3:]), paper.ask(POLL[3:])
    assert whole.startswith(b"HTTP/1.1 304 ")
    assert ending.startswith(b"HTTP/1.1 400 ")


def test_a_connection_is_closed_after_silence_and_not_before(paper: Publication) -> None:
    poll, posted = paper.filled(POLL), a_request(b"Content-Length: 5", method=b"POST")
    waiting = a_request(b"Content-Length: 5", method=b"POST", target=b"/elsewhere")
    for steps, closed in (
        ([Step(poll), Step(poll, 50), Step(poll, 50), Step(poll, 50)], False),
        ([Step(poll), Step(poll, 50), Step(poll, 76)], True),
        ([Step(poll), Step(a_request(target=b"/elsewhere"), 50), Step(poll, 50)], False),
        ([Step(poll), Step(a_request(target=b"/elsewhere"), 50), Step(poll, 76)], True),
        ([Step(poll + posted[:20]), Step(posted[20:] + b"hello", 50)], False),
        ([Step(poll + waiting), Step(b"hello", 76)], False),
    ):
        (_, ours), (_, theirs) = paper.both(steps)
        assert ours == theirs
        assert ours[-1] is closed, steps
