from dataclasses import fields
from datetime import UTC, datetime
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import html5lib
import pytest

from feeds import Author, Content, Date, Document, Enclosure, Entry, FeedSpec, Place, Site
from feeds import from_document as article_from
from feeds.labels import ForEach, Kind, Label
from feeds.render.opml import opml_document
from feeds.render.page import (
    Issue,
    IssueList,
    Periodical,
    Phrases,
    Stories,
    article_page,
    issue_page,
    issues_page,
    landing_page,
)

SITE = Site(name="Mill & <River>", url="https://news.example.org", timezone="Asia/Tokyo")
LATE = datetime(2026, 1, 17, 20, tzinfo=UTC)  # already the next day in Tokyo


def an_entry(html: str = "<p>Words.</p>", **fields: object) -> Entry:
    given: dict[str, object] = {"source": "s", "place": Place("a.md"), "path": "a.md"}
    given |= {"title": "A title", "text": "Words."}
    document = Document(**(given | fields))  # type: ignore[arg-type]  # a test builder
    return Entry(
        article=article_from(document, Content(html=html, text=document.text)),
        revision=1,
        arrival=1,
        arrived_at=LATE,
        change=1,
        changed_at=LATE,
        revised=1,
        revised_at=LATE,
    )


def phrases(language: str = "en", word: str = "Words") -> Phrases:
    """Return phrases of which each is one word."""
    names = (one.name for one in fields(Phrases) if one.name != "language")
    return Phrases(language=language, **dict.fromkeys(names, word))


def an_issue_page(
    *entries: Entry, kicker: str = "", title: str = "Paper", language: str = "en"
) -> bytes:
    lead, *others = entries
    paper = Periodical(title=title, description="", language="en", url=f"{SITE.url}/paper")
    sections = (("Others", tuple(others)),) if others else ()
    issue = Issue(headline=title, language=language, articles=f"{len(entries)}", day="Monday")
    return issue_page(paper, issue, Stories(lead, kicker, sections), SITE, phrases(language))


def parsed(page: bytes) -> Element:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree: Element = parser.parse(page.decode())
    return tree


def test_an_article_page_shows_the_article_and_leads_back() -> None:
    entry = an_entry(
        authors=[Author(name="A. Writer")],
        published=Date(LATE),
        enclosures=[Enclosure(url="https://news.example.org/a.mp3", title="Listen")],
    )
    tree = parsed(article_page(entry, SITE))
    assert [h.text for h in tree.iter("h1")] == ["A title"]
    assert [t.get("datetime") for t in tree.iter("time")] == ["2026-01-18"]
    assert "A. Writer" in "".join(tree.itertext())
    links = [a.get("href") for a in tree.iter("a")]
    assert "https://news.example.org/" in links
    assert "https://news.example.org/a.mp3" in links


def test_a_day_without_a_time_is_that_day_in_every_zone() -> None:
    day = Date(datetime(2026, 1, 17, tzinfo=UTC), day_only=True)
    site = Site(name="x", url="https://x.example", timezone="Pacific/Honolulu")
    assert b'datetime="2026-01-17"' in article_page(an_entry(published=day), site)


def test_a_day_is_written_in_the_language_of_the_article() -> None:
    day = Date(datetime(2026, 1, 17, tzinfo=UTC), day_only=True)
    site = Site(name="x", url="https://x.example", language="de")
    for language, written in (
        ("", "17. Januar 2026"),
        ("ar", "17 يناير 2026"),
        ("ko", "2026년 1월 17일"),
    ):
        tree = parsed(article_page(an_entry(published=day, language=language), site))
        assert [time.text for time in tree.iter("time")] == [written]


def test_the_dates_of_a_page_are_alike_whatever_country_an_article_comes_from() -> None:
    day = Date(datetime(2026, 11, 28, 12, tzinfo=UTC))
    for language in ("en-GB", "en-US", "en"):
        tree = parsed(article_page(an_entry(published=day, language=language), SITE))
        assert [time.text for time in tree.iter("time")] == ["November 28, 2026"]


def test_an_unknown_date_is_not_invented() -> None:
    assert b"<time" not in article_page(an_entry(), SITE)


def test_a_hostile_title_is_escaped_everywhere() -> None:
    entry = an_entry(title="</title><script>alert(1)</script>", section='"><b>')
    spec = FeedSpec(name="all", title="<script>alert(2)</script>")
    hostile = '"><b><script>alert(3)</script>'
    paper = Periodical(title=hostile, description=hostile, language="en", url="https://x.example")
    issue = Issue(headline=hostile, language="en", articles=hostile, day=hostile, span=hostile)
    listing = IssueList(url="https://x.example", issues=(issue,), older="https://x.example/?a&b")
    for page in (
        article_page(entry, SITE),
        landing_page(SITE, [spec], [paper]),
        an_issue_page(entry, entry, kicker=hostile, title=hostile),
        issues_page(paper, listing, SITE, phrases(word=hostile)),
    ):
        assert not list(parsed(page).iter("script"))
        assert not list(parsed(page).iter("b"))


def test_an_article_in_arabic_is_set_from_right_to_left() -> None:
    tree = parsed(article_page(an_entry(title="الجسر", language="ar"), SITE))
    (article,) = tree.iter("article")
    assert (tree.get("lang"), tree.get("dir")) == ("ar", "rtl")
    assert (article.get("lang"), article.get("dir")) == ("ar", "rtl")


def test_articles_of_an_issue_are_dated_in_its_language() -> None:
    day = Date(datetime(2026, 11, 20, 12, tzinfo=UTC))
    entries = [an_entry(published=day, language=language) for language in ("", "de", "fr")]
    tree = parsed(an_issue_page(*entries, language="de"))
    times = [(one.text, one.get("lang")) for one in tree.iter("time")]
    assert times == [("20. November 2026", None)] * 2 + [("20. November 2026", "de")]


def test_an_article_without_html_shows_its_paragraphs() -> None:
    tree = parsed(article_page(an_entry(html="", text="One & two.\n\nThree."), SITE))
    assert [p.text for p in tree.iter("p")][1:3] == ["One & two.", "Three."]


def test_the_landing_page_offers_every_feed_in_three_formats() -> None:
    specs = [FeedSpec(name="all", title="Everything"), FeedSpec(name="b", title="B")]
    tree = parsed(landing_page(SITE, specs))
    discovered = {(link.get("type"), link.get("href")) for link in tree.iter("link")}
    linked = {(a.get("type"), a.get("href")) for a in tree.iter("a")}
    assert ("text/x-opml", "https://news.example.org/feeds.opml") in linked
    assert len(discovered) == 7
    assert discovered == linked
    assert ("application/atom+xml", "https://news.example.org/feeds/b.atom") in linked


def test_the_feeds_of_one_kind_stand_under_a_heading_of_their_own() -> None:
    for_tags = ForEach(kind=Kind.TAG)
    specs = [
        FeedSpec(name="sport", title="sport"),
        for_tags.feed(Label(Kind.TAG, "sport", "sport")),
        for_tags.feed(Label(Kind.TAG, "tides", "tides")),
    ]
    tree = parsed(landing_page(SITE, specs))
    headings = [(x.tag, x.text) for x in tree.iter() if x.tag in {"h2", "h3"}]
    assert headings == [("h2", "sport"), ("h2", "By tag"), ("h3", "sport"), ("h3", "tides")]
    outline = ET.fromstring(opml_document(SITE, specs)).find("body")  # noqa: S314 - ours
    assert outline is not None
    assert [one.get("text") for one in outline] == ["sport", "By tag"]
    assert [one.get("xmlUrl") for one in outline[1]] == [
        "https://news.example.org/feeds/tag-sport.atom",
        "https://news.example.org/feeds/tag-tides.atom",
    ]


def test_an_issue_has_its_lead_and_then_the_others_in_order() -> None:
    entries = [
        an_entry(title="C", path="c"),
        an_entry(title="B", path="b"),
        an_entry(title="A", url="https://a.example/x"),
    ]
    tree = parsed(an_issue_page(*entries, kicker="First"))
    headings = [x for x in tree.iter() if x.tag in {"h1", "h2", "h3"}]
    assert ["".join(x.itertext()) for x in headings] == ["Paper", "C", "Others", "B", "A"]
    assert [a.get("href") for h in tree.iter("h3") for a in h] == [
        SITE.article_url(entries[1].article.id),
        "https://a.example/x",
    ]


def test_the_landing_page_lists_what_appears_in_issues() -> None:
    spec = FeedSpec(name="papers/paper", title="Paper", address="papers/paper")
    paper = Periodical(
        title="Paper", description="", language="en", url=f"{SITE.url}/papers/paper", feed=spec
    )
    tree = parsed(landing_page(SITE, [], [paper]))
    linked = {a.get("href") for a in tree.iter("a")}
    assert {paper.url, f"{paper.url}.rss", f"{paper.url}.atom", f"{paper.url}.json"} <= linked


@pytest.mark.parametrize("page", [article_page(an_entry(), SITE), an_issue_page(an_entry())])
def test_every_page_forbids_all_but_its_own_style(page: bytes) -> None:
    tree = parsed(page)
    (policy,) = [m.get("content") or "" for m in tree.iter("meta") if m.get("http-equiv")]
    assert "default-src 'none'" in policy
    assert "style-src 'sha256-" in policy
    assert "unsafe" not in policy


def test_the_same_input_gives_the_same_bytes() -> None:
    assert article_page(an_entry(), SITE) == article_page(an_entry(), SITE)
