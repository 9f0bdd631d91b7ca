"""Articles that break feeds elsewhere, by the name of what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from feeds import Author, Date, Enclosure, Entry, SourceFeed
from tests.feeds.builders import an_entry, at, day

_BODY = "<p>" + "A sentence of a very long article, with <em>words</em>. " * 5 + "</p>"
_FAR = timezone(timedelta(hours=14))

NASTY: dict[str, dict[str, Any]] = {
    "control characters": {"title": "a\x00b\x0bc\x1b[31m\x85d", "html": "<p>a\x00b\x08c&#x3;</p>"},
    "end of CDATA": {"title": "x ]]> y", "html": "<p>x ]]> y <![CDATA[z]]> &#93;]&gt;</p>"},
    "ampersand and tag": {"title": "AT&T <b>", "html": "AT&T <b>", "tags": ["R&D", "<i>", "A"]},
    "escaped title": {"title": "AT&amp;T &lt;b&gt; &nbsp; </b>", "html": "&amp;amp; &lt;b&gt;"},
    "lone surrogates": {"title": "a\ud800b\udfff", "html": "<p>\ud83d x \udcff</p>", "text": ""},
    "non-characters": {"title": "a\ufffeb\uffff\U0001fffec\ufffd", "html": "<p>\ufdd0\ufffd.</p>"},
    "no title": {"title": "", "html": "<p>First sentence. And a second one.</p>"},
    "no title, no sentence": {"title": " \n", "text": "word " * 90},
    "300-kB body": {"html": _BODY * 1000},
    "relative addresses": {
        "html": '<a href="/a">a</a><img src="b.jpg" srcset="c.jpg 2x"><a href="?q=1&copy=2">d</a>',
        "base": "https://news.example.org/2026/01/",
        "image": "cover.jpg",
    },
    "two enclosures": {
        "enclosures": [
            Enclosure(url="https://x.example/a.mp3", type="audio/mpeg", length=1234567),
            Enclosure(url="https://x.example/bücher.pdf", title="A & <B>", duration=12.5),
            Enclosure(url="https://x.example/d?x=1&y=2", type="nonsense; x", length=-5),
        ],
        "image": "https://x.example/i.png?w=1&h=2",
    },
    "an enclosure's title in HTML": {
        "enclosures": [
            Enclosure(url="https://x.example/a.mp3"),
            Enclosure(url="https://x.example/b.mp3", title="A </b> &amp; B &2"),
        ],
    },
    "an enclosure without a path": {
        "enclosures": [Enclosure(url="https://x.example?id=1"), Enclosure(url="http://x.example")],
    },
    "a bare percent sign": {"url": "https://x.example/100%?a=5%&b=%zz%20#%"},
    "microseconds and a far offset": {
        "published": Date(datetime(2026, 1, 18, 1, 2, 3, 999_999, tzinfo=_FAR)),
        "updated": Date(
            datetime(2026, 1, 17, 23, 59, 59, 1, tzinfo=timezone(-timedelta(hours=12)))
        ),
    },
    "a day without a time": {"published": day(2026, 1, 17)},
    "no date": {"published": None},
    "a date of long ago": {"published": at(1066, 10, 14)},
    "emoji": {"title": "📰 👩‍🚀 🏳️‍🌈", "html": "<p>🧵 1/2 e\u0301</p>", "tags": ["📰"]},
    "Hebrew": {"title": "שלום, עולם (2026)", "html": "<p>שלום <b>עולם</b></p>", "language": "he"},
    "Arabic in Latin letters": {"title": "Marhaba", "language": "ar-Latn"},
    "unclosed tags": {"html": "<div><p>one<p>two<ul><li>a<li>b<table><td>c<b><i>d</b>"},
    "script in an SVG": {"html": "<svg><script>alert(1)</script></svg><p onclick=x()>ok"},
    "line separators": {"title": "a\u2028b\r\nc\td", "html": "<p>a\u2028b\u2029c</p>"},
    "an id that is its address": {
        "id": "https://x.example/a?b=1",
        "url": "https://x.example/a?b=1",
    },
    "an id of another kind": {"id": "tag:x.example,2026:é", "url": "https://x.example/Straße?q=ü"},
    "a host beyond ASCII": {"url": "https://bücher.example:8080/ä(b)"},
    "a title and an address only": {"html": "", "url": "https://x.example/link"},
    "a summary only": {"html": "", "summary": "Only <this> & that"},
    "summary and text": {"summary": "Said & <done>", "html": "<p>The whole story.</p>"},
    "a teaser": {
        "title": "",
        "text": "The council met on Monday and " + "spoke of the bridge " * 20 + "until the",
        "excerpt": True,
        "publication": "The Other & <Paper>",
    },
    "taken from another feed": {
        "source_feed": SourceFeed(url="HTTPS://Bücher.example?é", title="A&amp;B </b> \x07]]>"),
    },
    "taken from a feed without a title": {
        "source_feed": SourceFeed(url="https://x.example/feed?a=1&copy=2", id="urn:x:feed"),
    },
    "authors of all kinds": {
        "authors": [
            Author(name="A. & B. <C>", url="https://x.example/é", email="a@x.example"),
            Author(email="desk@x.example"),
            Author(url="https://x.example/d"),
            Author(name="E", email="not an address"),
        ]
    },
    "an address for a name": {"authors": [Author(name="desk@x.example", email="d@x.example")]},
    "an author's name in HTML": {"authors": [Author(name="A &amp; B &2 Co")]},
}


def nasty_entries() -> list[Entry]:
    """Return an entry of each kind; the later ones are edited once."""
    return [
        an_entry(
            number,
            revision=1 + number % 2,
            revised_at=datetime(2026, 1, 20, 8, number, 0, 123_456, tzinfo=UTC),
            **fields,
        )
        for number, fields in enumerate(NASTY.values(), start=1)
    ]
