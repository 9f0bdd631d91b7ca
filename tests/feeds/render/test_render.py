"""Three formats of one feed: valid, in agreement, the same bytes anywhere, and never lost."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from feeds import Body, Date, Entry, Format, Rendering, SourceFeed
from feeds.feed import Chain
from feeds.render import render
from tests.feeds.builders import NOON, a_feed, a_site, an_article, an_entry
from tests.feeds.render.golden import golden_path, golden_renderings
from tests.feeds.render.nasty import NASTY, nasty_entries
from tests.feeds.render.reading import Seen, items_of
from tests.feeds.render.validity import faults_of_atom, faults_of_json, faults_of_rss

ROOT = Path(__file__).parents[3]
FAULTS = {Format.RSS: faults_of_rss, Format.ATOM: faults_of_atom, Format.JSON: faults_of_json}
BODIES = list(Body)


def rendered(*entries: Entry, **feed: Any) -> dict[Format, Rendering]:
    return render(a_feed(**feed), a_site(), entries, changed_at=NOON)


@cache
def nastily_rendered(name: str, body: Body) -> dict[Format, Rendering]:
    return rendered(an_entry(**NASTY[name]), body=body)


def the_item(entry: Entry, form: Format = Format.JSON, **feed: Any) -> Seen:
    [item] = items_of(rendered(entry, **feed)[form])
    return item


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_article_makes_a_valid_feed(name: str, form: Format, body: Body) -> None:
    rendering = nastily_rendered(name, body)[form]
    assert not rendering.left_out
    assert FAULTS[form](rendering.body) == []
    assert len(items_of(rendering)) == 1


_HUB = ("https://hub.example/",)
KINDS: dict[str, tuple[Chain, dict[str, Any]]] = {
    "live": (Chain(previous="abc-2", hubs=_HUB), {}),
    "an archive": (Chain(archive="abc-2", previous="abc-1", hubs=_HUB), {}),
    "the oldest archive": (Chain(archive="abc-1"), {"body": Body.SUMMARY}),
    "of one reader": (Chain(), {"address": "my/1-1-token", "name": "reader-1"}),
    "of issues": (Chain(), {"address": "digests/morning", "page": "digests/morning"}),
    "of a tag beyond ASCII": (Chain(hubs=_HUB), {"name": "tag-café au lait", "title": "café"}),
    "in a young language": (Chain(), {"language": "ckb", "title": "</b> Ã© \ufffd"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_feed_of_all_that_is_nasty_is_valid(kind: str) -> None:
    chain, fields = KINDS[kind]
    entries = [entry for entry in nasty_entries() if len(entry.article.html) < 100_000]
    for form, made in render(
        a_feed(**fields), a_site(), entries, changed_at=NOON, chain=chain
    ).items():
        assert (FAULTS[form](made.body), made.left_out) == ([], ())
        assert len(items_of(made)) == len(entries)


@pytest.mark.parametrize("body", BODIES)
def test_the_formats_agree_item_by_item(body: Body) -> None:
    renderings = rendered(*nasty_entries(), body=body)
    rss, atom, jsonfeed = (items_of(renderings[form]) for form in Format)
    assert len(jsonfeed) == len(NASTY)
    for of_rss, of_atom, of_json in zip(rss, atom, jsonfeed, strict=True):
        assert of_atom == of_json
        if body is Body.SUMMARY:  # HTML in RSS, plain text in the others
            of_rss = replace(of_rss, content=of_json.content)  # noqa: PLW2901
        assert of_rss == of_json


def test_the_values_are_those_of_the_article() -> None:
    entry = an_entry(**NASTY["two enclosures"], tags=["a", "b"])
    item = the_item(entry, Format.RSS)
    assert item.id == f"urn:uuid:{entry.article.id}"
    assert item.link == f"https://news.example.org/articles/{entry.article.id}"
    assert item.title == "The bridge opens again"
    assert item.tags == ("a", "b")
    assert item.enclosures == (
        ("https://x.example/a.mp3", "audio/mpeg", 1234567),
        ("https://x.example/b%C3%BCcher.pdf", "application/pdf", 0),
        ("https://x.example/d?x=1&y=2", "application/octet-stream", 0),
    )
    assert item.image == "https://x.example/i.png?w=1&h=2"


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("title", ["AT&T <b>", "x ]]> y", "📰 שלום", "Tom &amp; Jerry"])
def test_a_title_is_plain_text_and_comes_back_as_it_was(title: str, form: Format) -> None:
    assert the_item(an_entry(title=title), form).title in {title, title.replace("&amp;", "&")}
    written = rendered(an_entry(title=title))[form].body.decode()
    declared = html.escape(title) if "&amp;" in title else title  # as HTML, for it looks so
    once = {
        Format.RSS: title.replace("&", "&#x26;").replace("<", "&#x3C;").replace(">", "&gt;"),
        Format.ATOM: html.escape(declared),
        Format.JSON: title,
    }
    assert once[form] in written


@pytest.mark.parametrize("form", list(Format))
def test_an_unknown_date_is_left_out_not_invented(form: Format) -> None:
    arrived = datetime(2026, 3, 1, 8, 0, 0, 700_000, tzinfo=UTC)
    item = the_item(an_entry(published=None, arrived_at=arrived), form)
    assert item.published is None
    assert item.updated.replace(microsecond=0) == datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("form", list(Format))
def test_an_edit_moves_updated_and_neither_id_nor_published(form: Format) -> None:
    article = an_article()
    before = the_item(an_entry(article=article), form)
    edited = NOON + timedelta(days=1)
    after = the_item(an_entry(article=article, revision=2, revised_at=edited), form)
    assert (after.id, after.published) == (before.id, before.published)
    instants = [item.updated.replace(microsecond=0) for item in (before, after)]
    assert instants == [before.published, edited]


@pytest.mark.parametrize("form", list(Format))
def test_an_edit_moves_updated_even_of_what_says_that_it_was_changed_in_the_future(
    form: Format,
) -> None:
    article = an_article(updated=Date(NOON + timedelta(days=2000)))
    before = the_item(an_entry(article=article), form)
    edited = NOON + timedelta(days=1)
    after = the_item(an_entry(article=article, revision=2, revised_at=edited), form)
    instants = [item.updated.replace(microsecond=0) for item in (before, after)]
    assert instants == [NOON, edited]


@pytest.mark.parametrize("form", list(Format))
def test_no_two_items_have_one_date_of_update(form: Format) -> None:
    entries = [an_entry(number) for number in (1, 2, 10**6 - 1)]
    assert len({item.updated for item in items_of(rendered(*entries)[form])}) == 3
    assert FAULTS[form](rendered(*entries)[form].body) == []


@pytest.mark.parametrize("form", list(Format))
def test_an_item_taken_from_another_feed_says_so(form: Format) -> None:
    source = SourceFeed(url="https://x.example/feed", title="Hill & Dale")
    item = the_item(an_entry(source_feed=source), form)
    assert (item.source, item.authors) == ((source.url, source.title), (source.title,))
    named = replace(source, title="")
    assert the_item(an_entry(source_feed=named), form).source == (source.url, "x.example")


def test_an_atom_source_has_all_that_an_atom_feed_must_have() -> None:
    known = SourceFeed(url="https://x.example", id="urn:isbn:0451450523", updated=NOON)
    for source, written in (
        (known, b"0451450523</id>\n      <title>x.example</title>\n      <updated>2026-01-17T12"),
        (replace(known, id="", updated=None), b"<id>https://x.example/</id>"),
    ):
        body = rendered(an_entry(source_feed=source))[Format.ATOM].body
        assert written in body
        assert b'<link rel="self" href="https://x.example"/>\n    </source>' in body


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize(
    "url", ["https://news.example.org", "https://News.example.org/feeds/a.json"]
)
def test_a_feed_of_our_own_is_no_source(form: Format, url: str) -> None:
    item = the_item(an_entry(source_feed=SourceFeed(url=url, title="Our other feed")), form)
    assert (item.source, item.authors) == (None, ())
    other = SourceFeed(url="https://news.example.org.example/feed")
    assert the_item(an_entry(source_feed=other), form).source is not None


def test_an_rss_item_names_its_authors_once_and_no_address() -> None:
    body = rendered(an_entry(**NASTY["authors of all kinds"]))[Format.RSS].body
    assert b"<author>" not in body
    assert b"a@x.example" not in body
    assert body.count(b"<dc:creator>") == 4


@pytest.mark.parametrize("form", list(Format))
def test_an_address_in_place_of_an_authors_name_is_not_published(form: Format) -> None:
    rendering = rendered(an_entry(**NASTY["an address for a name"]))[form]
    assert b"@x.example" not in rendering.body
    assert [item.authors for item in items_of(rendering)] == [("desk",)]


@pytest.mark.parametrize("form", list(Format))
def test_items_stand_newest_first_then_as_on_the_page(form: Format) -> None:
    day = Date(NOON, day_only=True)
    entries = [
        an_entry(1, title="old", published=Date(NOON - timedelta(days=1))),
        an_entry(2, title="third", published=day, position=2),
        an_entry(3, title="second", published=day, position=1),
        an_entry(4, title="undated", published=None, arrived_at=NOON + timedelta(hours=1)),
    ]
    titles = [item.title for item in items_of(rendered(*entries)[form])]
    assert titles == ["undated", "second", "third", "old"]
    assert rendered(*entries)[form].body == rendered(*reversed(entries))[form].body


def test_a_full_feed_carries_the_content_and_a_summary_of_it() -> None:
    long = "<p>" + "word " * 100 + "</p>"
    renderings = rendered(an_entry(html=long))
    [item] = json.loads(renderings[Format.JSON].body)["items"]
    assert item["content_html"] == long
    assert item["summary"].endswith("word…")
    assert len(item["summary"]) <= 280
    assert b"<content:encoded>&lt;p&gt;word" in renderings[Format.RSS].body
    assert b"<summary>word word" in renderings[Format.ATOM].body


def test_a_summary_that_would_repeat_the_content_is_not_made() -> None:
    renderings = rendered(an_entry(html="<p>Short.</p>"))
    assert b"<summary>" not in renderings[Format.ATOM].body
    assert b"<description>&lt;p&gt;Short.&lt;/p&gt;</description>" in renderings[Format.RSS].body
    assert "summary" not in json.loads(renderings[Format.JSON].body)["items"][0]


@pytest.mark.parametrize("form", list(Format))
def test_a_summary_feed_carries_no_content(form: Format) -> None:
    entry = an_entry(html="<p>" + "word " * 100 + "THE-END</p>", summary="Short & sweet")
    rendering = rendered(entry, body=Body.SUMMARY)[form]
    assert b"THE-END" not in rendering.body
    assert items_of(rendering)[0].content.replace("&amp;", "&") == "Short & sweet"


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("form", list(Format))
def test_a_teaser_ends_as_it_is(form: Format, body: Body) -> None:
    item = the_item(an_entry(**NASTY["a teaser"]), form, body=body)
    assert "until the" in item.content
    assert "…" not in item.content
    assert item.authors == ("The Other & <Paper>",)


@pytest.mark.parametrize("form", list(Format))
def test_right_to_left_is_said_in_the_content_and_the_language_on_the_item(form: Format) -> None:
    item = the_item(an_entry(**NASTY["Hebrew"]), form)
    assert item.language == "he"
    assert item.content == '<div dir="rtl"><p>שלום <b>עולם</b></p></div>'
    assert the_item(an_entry(language="he"), form, language="he").language == ""
    assert the_item(an_entry(**NASTY["Arabic in Latin letters"]), form).content.startswith("<p>")


def test_only_an_id_that_is_the_address_is_a_permalink() -> None:
    same = rendered(an_entry(**NASTY["an id that is its address"]))[Format.RSS].body
    other = rendered(an_entry(**NASTY["an id of another kind"]))[Format.RSS].body
    assert b'<guid isPermaLink="true">https://x.example/a?b=1</guid>' in same
    assert b'<guid isPermaLink="false">tag:x.example,2026:a</guid>' in other


def _spoil(**fields: object) -> Entry:
    """Return an entry whose article became invalid after its birth."""
    entry = an_entry(99, path="articles/spoilt.md")
    for name, value in fields.items():
        object.__setattr__(entry.article, name, value)
    return entry


SPOILT: dict[str, dict[str, object]] = {
    "a title XML cannot hold": {"title": "a\x00b"},
    "a title UTF-8 cannot hold": {"title": "a\ud800b"},
    "html XML cannot hold": {"html": "<p>\x01</p>"},
    "a title that is no text": {"title": None},
    "tags that are no text": {"tags": (5,)},
    "a date without zone": {"published": Date(datetime(2026, 1, 1))},  # noqa: DTZ001 - the point
    "a position that is none": {"position": "first"},
    "a language that is none": {"language": "\x02"},
}


@pytest.mark.parametrize("fault", SPOILT)
def test_one_bad_article_never_costs_a_feed(fault: str) -> None:
    spoilt = _spoil(**SPOILT[fault])
    good = [an_entry(1, title="one"), an_entry(2, title="two")]
    renderings = rendered(good[0], spoilt, good[1])
    for form, rendering in renderings.items():
        assert rendering.body == rendered(*good)[form].body
        assert rendering.left_out == (spoilt.article.id,)


def test_an_entry_without_any_article_is_left_out_too() -> None:
    broken = an_entry()
    object.__setattr__(broken, "article", None)
    assert rendered(broken)[Format.ATOM].left_out == ("unknown",)


def test_of_two_entries_with_one_id_the_later_updated_stays() -> None:
    older = an_entry(1, source="a", id="tag:x.example,2026:1", title="older")
    newer = an_entry(
        2, source="b", id="tag:x.example,2026:1", title="newer", revision=2, revised_at=NOON
    )
    for rendering in rendered(older, newer).values():
        assert [item.title for item in items_of(rendering)] == ["newer"]
        assert rendering.left_out == (older.article.id,)


@pytest.mark.parametrize("form", list(Format))
def test_an_empty_feed_is_valid_and_as_old_as_its_last_change(form: Format) -> None:
    rendering = rendered()[form]
    assert FAULTS[form](rendering.body) == []
    assert items_of(rendering) == []
    assert rendering.modified == NOON
    dated = {Format.RSS: b"12:00:00 GMT<", Format.ATOM: b"T12:00:00+00:00<", Format.JSON: b""}
    assert dated[form] in rendering.body


@pytest.mark.parametrize("form", list(Format))
def test_the_feed_of_a_store_that_never_had_an_article_is_valid(form: Format) -> None:
    body = render(a_feed(), a_site(), [], changed_at=datetime.fromtimestamp(0, UTC))[form].body
    assert FAULTS[form](body) == []


def test_the_feed_is_as_new_as_its_newest_entry() -> None:
    renderings = render(
        a_feed(),
        a_site(),
        [an_entry(1), an_entry(2, updated=Date(NOON - timedelta(hours=1, microseconds=-5)))],
        changed_at=NOON + timedelta(microseconds=5),
    )
    assert b"<lastBuildDate>Sat, 17 Jan 2026 11:00:00 GMT<" in renderings[Format.RSS].body
    assert b"\n  <updated>2026-01-17T11:00:00+00:00<" in renderings[Format.ATOM].body
    assert {rendering.modified for rendering in renderings.values()} == {NOON}


def test_the_channel_says_the_same_in_every_format() -> None:
    site = a_site(name="Courier & <Sons>", language="fr", description="")
    feed = a_feed(title="Sport", description="All & <every> sport", language="de")
    renderings = render(feed, site, [an_entry()], changed_at=NOON)
    head = json.loads(renderings[Format.JSON].body)
    assert head["title"] == "Courier & <Sons>: Sport"
    assert head["language"] == "de"
    for form in (Format.RSS, Format.ATOM):
        text = renderings[form].body.decode()
        assert ("Courier &#x26; &#x3C;Sons>" in text.replace("&gt;", ">")) == (form == "rss")
        assert f'href="https://news.example.org/feeds/all.{form}" rel="self"' in text
        assert ("<language>de</language>" in text) or ('xml:lang="de"' in text)
        assert FAULTS[form](renderings[form].body) == []


def test_a_title_that_names_the_site_does_not_name_it_twice() -> None:
    def title(name: str) -> str:
        return str(json.loads(rendered(title=name)[Format.JSON].body)["title"])

    assert title("The Riverside Courier, all of it") == "The Riverside Courier, all of it"
    assert title("") == "Riverside Courier"


def test_the_etag_follows_the_bytes() -> None:
    one, same, other = rendered(an_entry()), rendered(an_entry()), rendered(an_entry(title="x"))
    for form in Format:
        assert one[form].etag == same[form].etag != other[form].etag
        assert len(one[form].etag) == 32
        assert (one[form].feed, one[form].format) == ("all", form)


@pytest.mark.parametrize("form", list(Format))
def test_the_bytes_are_the_golden_ones(form: Format) -> None:
    assert golden_renderings()[form].body == golden_path(form).read_bytes()
    assert FAULTS[form](golden_path(form).read_bytes()) == []


_CHILD = """
import locale, sys
from tests.feeds.render.golden import golden_renderings
locale.setlocale(locale.LC_ALL, "")
locale.setlocale = None  # whoever asks for it fails
for rendering in golden_renderings().values():
    sys.stdout.buffer.write(rendering.body)
"""


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "12345"},
    ],
)
def test_the_bytes_are_the_same_in_any_process_zone_locale_and_hash_seed(
    environment: dict[str, str],
) -> None:
    child = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", _CHILD],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert child.stdout == b"".join(golden_path(form).read_bytes() for form in Format)
