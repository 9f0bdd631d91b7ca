"""Answers about documents, made ready once per change: status, headers and bytes.

Pure but for `Answer.send`. No answer sets a cookie, offers ranges, or asks who is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.types import Send

from feeds.feed import Format
from feeds.kit.http import IDENTITY, MOST_AGE, http_date, max_age
from feeds.publish import Standing
from feeds.render.addresses import to_uri
from feeds.web.negotiation import VARY, VARY_WITHOUT_NEWS

Header = tuple[bytes, bytes]
Headers = tuple[Header, ...]
ByCoding = Mapping[str, "Answer"]

READING = frozenset({"GET", "HEAD"})
HAVE_NEWS = frozenset({Format.RSS, Format.ATOM})  # formats with a 226 (RFC 3229)

_ALLOW = (b"allow", b"GET, HEAD, OPTIONS")
_OPEN_TO_ALL = (b"access-control-allow-origin", b"*")
_EXPOSED = (b"access-control-expose-headers", b"ETag, Last-Modified, Link, IM, Delta-Base")
_OPEN: Headers = (_OPEN_TO_ALL, _EXPOSED)
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_PAGE: Headers = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"private, no-store"),
    (b"vary", VARY),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    _NOSNIFF,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `headers` are complete but for the Date, which the server puts.

    `status_line` and `fields` are what stands before and after that Date in HTTP/1.1 (RFC 9112,
    section 2.1), each line with its end, and the empty line.
    """

    status: int
    headers: Headers
    body: bytes = b""
    status_line: bytes = field(init=False, repr=False, compare=False)
    fields: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        phrase = HTTPStatus(self.status).phrase
        lines = [b"%b: %b\r\n" % header for header in self.headers]
        object.__setattr__(self, "status_line", f"HTTP/1.1 {self.status} {phrase}\r\n".encode())
        object.__setattr__(self, "fields", b"".join([*lines, b"\r\n"]))

    async def send(self, send: Send, *, head: bool = False) -> None:
        """Send it; to HEAD without the body."""
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(start)
        await send({"type": "http.response.body", "body": b"" if head else self.body})


@dataclass(frozen=True, slots=True)
class Shelved:
    """A document without its bytes, and what every answer about it says.

    `etag` is the value of the field, `unchanged` the 304 (RFC 9110, 15.4.5), `headers` those of a
    200 without coding and length.
    """

    path: str
    standing: Standing
    etag: bytes
    headers: Headers
    unchanged: Answer


def shelved(
    path: str, standing: Standing, url: str, hubs: Sequence[str] = (), age: int = 0
) -> Shelved:
    """Return what is said about the document at `url`; `age` outranks that of its pace."""
    etag = f'W/"{standing.etag}"'.encode()
    vary = VARY if standing.format in HAVE_NEWS else VARY_WITHOUT_NEWS
    validity = (
        (b"etag", etag),
        (b"last-modified", http_date(standing.modified).encode()),
        (b"cache-control", b"public, max-age=%d" % (age or max_age(standing.pace))),
        (b"vary", vary),
        _OPEN_TO_ALL,
    )
    headers = (
        (b"content-type", standing.format.content_type.encode()),
        *validity,
        _EXPOSED,
        _links(url, hubs),
        _NOSNIFF,
    )
    return Shelved(path, standing, etag, headers, Answer(304, validity))


def archived(path: str, standing: Standing, url: str) -> Shelved:
    """Return what is said about an archive document: it changes hardly ever."""
    return shelved(path, standing, url, age=MOST_AGE)


def by_coding(
    headers: Headers, body: bytes, forms: Mapping[str, bytes], status: int = 200
) -> dict[str, Answer]:
    """Return the answer in each coding that there is a form of, and as it is (`identity`)."""
    answers = {IDENTITY: Answer(status, (*headers, _length(body)), body)}
    for coding, form in forms.items():
        encoding = (b"content-encoding", coding.encode())
        answers[coding] = Answer(status, (*headers, encoding, _length(form)), form)
    return answers


def also(plain: Answer, coding: str, form: bytes) -> Answer:
    """Return what `plain`, an answer as it is, says in a coding that was made for one client."""
    return by_coding(plain.headers[:-1], plain.body, {coding: form}, plain.status)[coding]


def weight(bodies: ByCoding) -> int:
    """Return how many octets an answer takes in all its codings."""
    return sum(len(answer.body) for answer in bodies.values())


def page_answers(body: bytes, forms: Mapping[str, bytes]) -> ByCoding:
    """Return the answers to a browser: a page that no cache keeps."""
    return by_coding(_PAGE, body, forms)


def news_answers(found: Shelved, since: str, body: bytes, forms: Mapping[str, bytes]) -> ByCoding:
    """Return the 226 with what is new `since` the version of that tag (RFC 3229, 10.4.1).

    Its own tag is that of the whole document, which the client has afterwards.
    """
    kept = [header for header in found.headers if header[0] != b"cache-control"]
    base = (b"delta-base", f'W/"{since}"'.encode())
    headers = (*kept, (b"cache-control", b"no-store, im"), (b"im", b"feed"), base)
    return by_coding(headers, body, forms, 226)


def moved(url: str) -> Answer:
    """Return the answer about a feed that has another name now."""
    body = b"This feed has moved.\n"
    location = (b"location", to_uri(url).encode())
    cache = (b"cache-control", b"public, max-age=%d" % MOST_AGE)
    return Answer(301, (_PLAIN, location, cache, *_OPEN, _NOSNIFF, _length(body)), body)


def _said(status: int, words: bytes, *more: Header) -> Answer:
    return Answer(status, (_PLAIN, *more, *_OPEN, _NOSNIFF, _length(words)), words)


def _length(body: bytes) -> Header:
    return b"content-length", str(len(body)).encode()


def _links(url: str, hubs: Sequence[str]) -> Header:
    """The Link field (RFC 8288): where the document stands, and where changes are pushed."""
    links = [f'<{to_uri(url)}>; rel="self"', *(f'<{to_uri(hub)}>; rel="hub"' for hub in hubs)]
    return b"link", ", ".join(links).encode()


_NO_CACHE = (b"cache-control", b"no-cache")

UNKNOWN = _said(404, b"There is no such feed.\n", _NO_CACHE)
GONE = _said(410, b"This feed is gone.\n", (b"cache-control", b"public, max-age=%d" % MOST_AGE))
UNWRITABLE = _said(405, b"Feeds can only be read.\n", _ALLOW)
UNACCEPTABLE = _said(406, b"There is no such coding here; br, gzip and identity there are.\n")
BUSY = _said(503, b"The feed cannot be read just now.\n", (b"retry-after", b"30"), _NO_CACHE)
OPTIONS = Answer(
    204,
    (
        _ALLOW,
        *_OPEN,
        (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
        (b"access-control-allow-headers", b"*"),
        (b"access-control-max-age", b"86400"),
    ),
)
