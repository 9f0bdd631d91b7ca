"""Articles that break feeds elsewhere, by the name of what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from feeds import Author, Date, Enclosure, Entry, SourceFeed
from tests.feeds.builders import an_entry, at, day

_BODY = "<p>" + "A sentence of a very long article, with <em>words</em>. " * 5 + "</p>"
_EDITED = datetime(2026, 1, 20, 8, 0, 0, 123_456, tzinfo=UTC)
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
    "a picture without words": {
        "title": "The mill",
        "text": "",
        "html": '<p><img src="https://example.org/mill.jpg"></p>',
    },
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
    "an id of another kind": {"id": "tag:x.example,2026:a", "url": "https://x.example/Straße?q=ü"},
    "a host beyond ASCII": {"url": "https://bücher.example:8080/ä(b)"},
    "a title and an address only": {"html": "", "url": "https://x.example/link"},
    "an id beyond ASCII, without an address": {"id": "tag:x.example,2026:é"},
    "an id that is no tag": {"id": "tag:X.example:1"},
    "an id that is no URN": {"id": "urn:x:1"},
    "an id that is no UUID": {"id": "urn:uuid:1234"},
    "an id of an unknown scheme": {"id": "acme:1"},
    "an id that is not canonical": {"id": "http://X.example:80/%7Ea/../b"},
    "an id with a space in it": {"id": "https://x.example/a b"},
    "an id in percent signs": {"id": "https://x.example/%C3%A9%2F"},
    "an id of half an octet": {"id": "https://x.example/%C3"},
    "an id that is an IPv6 address": {"id": "http://[::1]/a"},
    "addresses of hosts without a name": {
        "url": "http://[2001:db8::1]:8080/a?b=1",
        "image": "http://[2001:db8::1]/i.png",
        "authors": [Author(name="A", url="http://[::1]/a")],
        "enclosures": [
            Enclosure(url="http://[2001:db8::1]/a.mp3", title="Said & <done>"),
            Enclosure(url="http://10.0.0.7/b.mp3"),
        ],
        "source_feed": SourceFeed(url="http://[::1]/feed", title="Feed"),
    },
    "addresses with a user": {
        "url": "https://user:word@x.example/a",
        "enclosures": [
            Enclosure(url="https://user:word@x.example/a.mp3"),
            Enclosure(url="http://intranet/b.mp3", title="B"),
            Enclosure(url="https://x.example/c.mp3"),
        ],
    },
    "hosts that are none": {
        "url": "https://bücher..example/a",
        "enclosures": [Enclosure(url="https://bücher..example/a.mp3")],
        "image": "https://" + "ü" * 80 + ".example/",
    },
    "a date of tomorrow": {"published": at(2026, 1, 18), "updated": at(2029, 1, 1)},
    "a date of another age": {"published": at(9999, 12, 31), "updated": at(1970, 1, 1)},
    "a date that no zone can hold": {"published": Date(datetime.min.replace(tzinfo=_FAR))},
    "end tags in plain text": {
        "title": "How </b> and </title> end",
        "summary": "What </p> is",
        "tags": ["</b>", "a </i> b"],
        "authors": [Author(name="</name> & Co")],
        "publication": "The </i> Paper",
        "source_feed": SourceFeed(url="https://x.example/feed", title="A </b> B"),
    },
    "UTF-8 read as Latin-1": {
        "title": "CafÃ© crÃ¨me",
        "summary": "Ã©",
        "html": '<p>Ã© <img src="https://x.example/Ã©.png" alt="Ã©"> CafÃ©</p>',
        "tags": ["cafÃ©"],
        "authors": [Author(name="RenÃ©")],
        "enclosures": [Enclosure(url="https://x.example/a.mp3", title="Ã©")] * 2,
    },
    "letters of Latin-1 side by side": {"title": "«IRMÃ» e Â£5 …", "html": "<p>«IRMÃ»</p>"},
    "a language of no name in feeds": {"language": "ckb", "html": "<p>سڵاو</p>"},
    "an old name of a language": {"language": "iw", "html": "<p>שלום</p>"},
    "no language at all": {"language": "qqq-x"},
    "players": {
        "html": '<p>See <video src="https://x.example/a.mp4" poster="https://x.example/p.jpg" '
        'width="640" autoplay controls>No <b>video</b>?</video> and '
        '<audio><source src="https://x.example/a.ogg" type="audio/ogg; codecs=opus">'
        '<source src="https://x.example/a.mp3"></audio></p>'
        '<a href="https://x.example/"><video src="https://x.example/b.mp4"></video></a>'
        "<video>Only <audio src=https://x.example/c.mp3></audio> this</video>",
        "enclosures": [Enclosure(url="https://x.example/a.mp4", length=5)],
    },
    "a direction overridden": {
        "html": "<p>a <bdo dir=rtl>b <i>c</i> <bdo dir=ltr title='&lt;'>d</bdo></bdo> <bdo>e</bdo>"
    },
    "an address in the words of an image": {
        "html": "<img src='https://x.example/a.png?src=b ' alt='an &lt;img src=foo > tag'>How",
    },
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
            revised_at=datetime(2026, 1, 20, 8, 0, 0, 123_456, tzinfo=UTC)
            + timedelta(minutes=number),
            **fields,
        )
        for number, fields in enumerate(NASTY.values(), start=1)
    ]
