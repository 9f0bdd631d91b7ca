"""HTML files: what a complete page says about itself in its head, and where its article is.

Nothing is made safe here; the HTML is taken as it stands and sanitised later. Refuses nothing:
HTML without end tags, or without any tags at all, is still HTML. The patterns never look past the
next `<`, so that purpose-made HTML costs no more time than other HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

_ATTRIBUTES = r"(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+"
_PAGE = re.compile(r"\s*+(?:<\?xml[^<>]*+>\s*+)?<(?:!doctype\s++html|html|head)\b", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\b[^<>]*+>|<body\b", re.IGNORECASE)
_HEAD_TAG = re.compile(
    rf"<(?P<tag>html|base|link|meta)\b(?P<attributes>{_ATTRIBUTES})>", re.IGNORECASE
)
_TITLE = re.compile(rf"<title\b{_ATTRIBUTES}>(?P<words>[^<]*+)", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"(?<![\w:-])(?P<name>[\w:-]++)\s*+=\s*+(?:\"(?P<a>[^\"]*+)\"|'(?P<b>[^']*+)'|(?P<c>[^\s\"'>]++))"
)
_HEADING = re.compile(
    rf"<h1\b{_ATTRIBUTES}>(?P<words>.{{1,1000}}?)</h1\b[^<>]*+>", re.IGNORECASE | re.DOTALL
)
_ANY_TAG = re.compile(r"<[^<>]*+>")

_CONTAINERS = tuple(  # where the article may be, the best first: start tag and end tag
    (
        re.compile(rf"<{name}\b{_ATTRIBUTES}>", re.IGNORECASE),
        re.compile(rf"</{name}\b", re.IGNORECASE),
    )
    for name in ("article", "main", "body")
)

_HEAD_LIMIT = 200_000  # characters of a head that are looked at
_TOP = 20_000  # characters in which the heading of an article is looked for

_FIELDS = {  # what a meta element is called, and the item field that it fills
    "og:title": "title",
    "description": "summary",
    "og:description": "summary",
    "author": "author",
    "date": "published",
    "article:published_time": "published",
    "dc.date": "published",
    "article:modified_time": "updated",
    "article:section": "section",
    "og:image": "image",
}


@dataclass(frozen=True, slots=True)
class Page:
    """The article in a page, and its fields by their item names, with the line of each.

    `base` is where relative addresses start from, if the page says so.
    """

    html: str
    fields: dict[str, object] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    base: str = ""


def read_page(text: str, *, first_line: int = 1) -> Page:
    """Return what is in `text`: a complete page or a piece of HTML that begins at `first_line`.

    A heading that says what the title says is taken out of the body; in a page or piece without
    a title it becomes the title.
    """
    if not _PAGE.match(text):
        title, html = _headed("", text)
        return Page(html, {"title": title} if title else {})
    end = _HEAD_END.search(text)
    head = _without_comments(text[: min(end.start() if end else len(text), _HEAD_LIMIT)])
    page = Page(_article(text, end.start() if end else 0))
    base = ""
    for key, value, at in _said(head):
        if key == "base":
            base = base or value
        elif key not in page.fields:
            page.fields[key] = value
            page.lines[key] = head.count("\n", 0, at) + first_line
    title, html = _headed(str(page.fields.get("title", "")), page.html)
    return Page(html, {**page.fields, "title": title}, page.lines, base)


def _said(head: str) -> Iterator[tuple[str, str, int]]:
    """Yield item field, value and position of everything that a head says; the best first."""
    for match in _HEAD_TAG.finditer(head):
        key, value = _meaning(match["tag"].lower(), _attributes(match["attributes"]))
        if key and value:
            yield key, value, match.start()
    title = _TITLE.search(head)
    if title:
        yield "title", _one_line(title["words"]), title.start()


def _meaning(tag: str, given: dict[str, str]) -> tuple[str, str]:
    if tag == "html":
        return "language", given.get("lang", "").replace("_", "-")
    if tag == "base":
        return "base", _absolute(given.get("href", ""))
    if tag == "link":
        canonical = "canonical" in given.get("rel", "").lower().split()
        return ("url" if canonical else ""), _absolute(given.get("href", ""))
    name = given.get("name") or given.get("property", "")
    return _FIELDS.get(name.lower(), ""), given.get("content", "")


def _absolute(address: str) -> str:
    """An address that is relative says nothing once the page has left its server."""
    return address if address.lower().startswith(("https://", "http://")) else ""


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text):
        value = next(filter(None, match.group("a", "b", "c")), "")
        found.setdefault(match["name"].lower(), unescape(value).strip())
    return found


def _without_comments(text: str) -> str:
    """Return `text` without comments, its lines where they were."""
    kept = []
    while True:
        before, begun, rest = text.partition("<!--")
        comment, ended, text = rest.partition("-->")
        kept += [before, "\n" * comment.count("\n")]
        if not (begun and ended):
            return "".join(kept)


def _article(text: str, head_end: int) -> str:
    """Return the only `article` of a page, else its only `main`, else its body."""
    for start_tag, end_tag in _CONTAINERS:
        starts = list(start_tag.finditer(text, head_end))
        if len(starts) == 1:
            begin = starts[0].end()
            ends = list(end_tag.finditer(text, begin))
            return text[begin : ends[-1].start() if ends else len(text)]
    return text[head_end:]


def _headed(title: str, html: str) -> tuple[str, str]:
    """Return the title of `html`, and `html` without the heading that repeats it."""
    match = _HEADING.search(html, 0, _TOP)
    heading = _one_line(_ANY_TAG.sub("", match["words"])) if match else ""
    # "The bridge opens | Riverside Courier": the heading is the better title.
    says_the_same = not title or title.casefold().startswith(heading.casefold())
    if match and heading and says_the_same:
        return heading, html[: match.start()] + html[match.end() :]
    return title, html


def _one_line(text: str) -> str:
    return " ".join(unescape(text).split())
