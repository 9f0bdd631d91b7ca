from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from feeds import Author, Date, Entry, Query, Site
from notifier.digest.columns import COLUMNS, width
from notifier.digest.compose import HTML_LIMIT, Composed, Composer
from notifier.digest.placeholder import SLOTS, TOKEN, slot_token
from notifier.digest.spec import Topic
from notifier.errors import TemplateError
from tests.laws import law
from tests.notifier.digest.builders import MONDAY, SITE, a_request, an_article, an_entry, entry_of
from tests.notifier.digest.golden import FOLDER, NAMES, golden_mail

COMPOSER = Composer(None, SITE)


def compose(*entries: Entry, **fields: object) -> Composed:
    return COMPOSER.compose(a_request(entries, **fields))


def parsed(html: str) -> Element:
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)
    return tree


def headings(html: str) -> list[tuple[str, str]]:
    found = [e for e in parsed(html).iter() if e.tag in ("h1", "h2", "h3")]
    return [(e.tag, "".join(e.itertext()).strip()) for e in found]


def test_an_issue_has_a_masthead_a_lead_story_and_sections() -> None:
    issue = compose(
        an_entry(1, title="Lead"),
        an_entry(2, title="Match", section="Sport"),
        an_entry(3, title="Odd"),
        an_entry(4, title="Goal", section="Sport"),
    )
    assert headings(issue.html) == [
        ("h1", "Riverside Courier"),
        ("h2", "Lead"),
        ("h2", "Sport"),
        ("h3", "Match"),
        ("h3", "Goal"),
        ("h2", "More news"),
        ("h3", "Odd"),
    ]
    assert issue.subject == "Riverside Courier: Lead"
    assert [issue.text.index(t) for t in ("Lead", "SPORT", "Goal", "MORE NEWS", "Odd")] == sorted(
        issue.text.index(t) for t in ("Lead", "SPORT", "Goal", "MORE NEWS", "Odd")
    )


def test_a_topic_is_a_heading_before_the_section() -> None:
    region = Topic(name="regions", title="From the region", select=Query(tags=("regions",)))
    issue = compose(
        an_entry(1), an_entry(2, tags=["Regions"], section="News"), topics={"regions": region}
    )
    assert ("h2", "From the region") in headings(issue.html)


def test_both_parts_lead_out_of_the_subscription() -> None:
    issue = compose()
    links = [a.get("href") for a in parsed(issue.html).iter("a")]
    assert slot_token("unsubscribe_url") in links
    assert slot_token("unsubscribe_url") in issue.text.split("\n")
    assert slot_token("email") in issue.html


def test_styles_are_inlined_and_the_dark_ones_stay() -> None:
    html = compose().html
    (style,) = parsed(html).iter("style")
    assert "prefers-color-scheme: dark" in (style.text or "")
    assert "!important" in (style.text or "")
    (h1,) = parsed(html).iter("h1")
    assert "font-size: 46px" in (h1.get("style") or "")


def test_every_layout_table_says_that_it_is_one_and_every_picture_what_it_is() -> None:
    issue = compose(an_entry(1, image="https://news.example.org/a.jpg", title="Bridge"))
    tree = parsed(issue.html)
    assert {table.get("role") for table in tree.iter("table")} == {"presentation"}
    assert [img.get("alt") for img in tree.iter("img")] == ["Picture: Bridge"]


def test_an_article_without_a_picture_has_no_empty_image() -> None:
    assert "<img" not in compose(an_entry(1), an_entry(2)).html


def test_what_is_past_the_maximum_is_counted_exactly() -> None:
    entries = [an_entry(number) for number in range(1, 8)]
    issue = compose(*entries, maximum=3)
    assert issue.shown == tuple(entry.article.id for entry in entries[:3])
    assert issue.more == 4
    for part in (issue.html, issue.text):
        assert "and 4 more articles" in part
        assert "https://news.example.org/digests/morning/2026-11-23" in part


def test_nothing_is_said_of_more_when_all_is_shown() -> None:
    assert compose(an_entry(1), an_entry(2)).more == 0
    assert "more article" not in compose(an_entry(1), an_entry(2)).text


def test_a_title_made_from_the_text_is_not_told_twice() -> None:
    text = "The choir will sing in the cathedral. Rehearsals begin this week."
    issue = compose(an_entry(1, title="", text=text))
    assert issue.text.count("The choir will sing in the cathedral") == 1
    assert "Rehearsals begin this week." in issue.text


def test_a_title_cut_from_a_long_sentence_goes_on_in_the_text() -> None:
    long = "The choir will sing in the cathedral for the first time since the great organ was"
    issue = compose(an_entry(1, title="", text=f"{long} taken apart, piece by piece, last year."))
    assert issue.text.replace("\n", " ").count("The choir will sing") == 1
    assert "… " in issue.text
    assert "last year." in issue.text


def test_dates_are_in_the_readers_language_and_zone() -> None:
    late = Date(datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    issue = compose(an_entry(1, published=late), language="de", zone="Asia/Tokyo")
    assert "Montag, 23. November 2026" in issue.text
    assert "21. November 2026" in issue.text
    assert parsed(issue.html).get("lang") == "de"


def test_an_unknown_date_has_no_label() -> None:
    assert "2026" not in compose(an_entry(1, published=None)).text.split("=" * 72)[1]


def test_an_issue_that_catches_up_says_its_span() -> None:
    issue = compose(span=(MONDAY - timedelta(days=3), MONDAY))
    assert "This issue covers Nov 20" in issue.text
    assert "This issue covers" not in compose().text


def test_an_arabic_issue_runs_from_right_to_left() -> None:
    issue = compose(an_entry(1), an_entry(2), an_entry(3), language="ar", maximum=1)
    tree = parsed(issue.html)
    assert (tree.get("lang"), tree.get("dir")) == ("ar", "rtl")
    assert "ومقالان آخران" in issue.text


def test_a_story_in_another_language_says_so() -> None:
    issue = compose(an_entry(1), an_entry(2, title="הגשר", language="he"))
    marked = [e for e in parsed(issue.html).iter("div") if e.get("lang")]
    assert [(e.get("lang"), e.get("dir")) for e in marked] == [("he", "rtl")]


def test_a_story_without_a_language_is_set_by_its_letters() -> None:
    issue = compose(an_entry(1, title="הגשר נפתח"))
    assert [e.get("dir") for e in parsed(issue.html).iter("div") if e.get("dir")] == ["rtl"]


def test_an_article_without_an_address_links_to_its_page_here() -> None:
    entry = an_entry(1, url="")
    assert SITE.article_url(entry.article.id) in compose(entry).text


@pytest.mark.parametrize("field", ["title", "section", "summary", "publication", "text"])
def test_hostile_words_are_escaped(field: str) -> None:
    hostile = "</p><script>alert(1)</script><img src=x onerror=alert(1)>"
    entries = [an_entry(n, **{field: hostile}) for n in (1, 2)]
    tree = parsed(compose(*entries).html)
    assert not list(tree.iter("script"))
    assert not list(tree.iter("img"))


def test_an_article_cannot_ask_for_a_readers_values() -> None:
    token = slot_token("email")
    article = replace(
        an_article(1, section=token, authors=[Author(name=token)]),
        title=f"x{token}",
        text=f"{token}.\n\n{token}",
        summary=token,
        publication=token,
        url=f"https://x.example/{token}",
    )
    clean = compose()
    issue = compose(entry_of(article), subject="{{ articles[0].title }}")
    assert len(TOKEN.findall(issue.html)) == len(TOKEN.findall(clean.html))
    assert len(TOKEN.findall(issue.text)) == len(TOKEN.findall(clean.text))
    assert not TOKEN.findall(issue.subject)


def test_a_subject_may_hold_a_readers_name() -> None:
    subject = compose(subject="{{ reader.name }}: {{ articles[0].title }}").subject
    assert subject == f"{slot_token('name')}: Story number 1"


def test_a_subject_is_not_html() -> None:
    assert compose(an_entry(1, title="A & B"), subject="{{ lead.title }}").subject == "A & B"


def test_a_long_subject_is_shortened_and_keeps_its_slots_whole() -> None:
    long = compose(an_entry(1, title="word " * 150), subject="{{ lead.title }}").subject
    assert len(long) <= 200
    subject = compose(subject="x" * 195 + "{{ reader.name }}").subject
    assert "\ue000" not in subject


@pytest.mark.parametrize("subject", ["one\ntwo", "{{ 'a\\r\\nBcc: b' }}", "a\u2028b", "a\x00b"])
def test_a_subject_with_a_line_break_is_refused(subject: str) -> None:
    with pytest.raises(TemplateError, match="subject of digest morning: it has a line break"):
        compose(subject=subject)


def test_an_empty_subject_is_refused() -> None:
    with pytest.raises(TemplateError, match="it is empty"):
        compose(subject=" {{ '' }} ")


@pytest.mark.parametrize("slot", SLOTS)
def test_a_readers_value_in_a_condition_is_refused_with_an_explanation(slot: str) -> None:
    with pytest.raises(TemplateError, match=r"subject of digest morning: .*by itself"):
        compose(subject="{% if reader." + slot + " %}x{% endif %}")


CHANGED = (
    "{% filter upper %}{{ reader.name }}{% endfilter %}",
    "{% set name %}{{ reader.name }}{% endset %}{{ name|upper }}",
    "{{ why|upper }}",
    "{{ why|truncate(46, true, '', 0) }}",
)


@pytest.mark.parametrize("changed", CHANGED)
def test_a_readers_value_that_a_template_has_changed_is_refused(
    changed: str, tmp_path: Path
) -> None:
    (tmp_path / "digest.txt").write_text(changed)
    with pytest.raises(TemplateError, match=r"digest\.txt: .*printed by itself"):
        Composer(tmp_path, SITE).compose(a_request())
    with pytest.raises(TemplateError, match=r"morning: .*printed by itself"):
        compose(subject=changed)


@pytest.mark.parametrize("wanted", ["reader.name or 'you'", "reader.name|default('you')"])
def test_there_is_no_way_to_put_another_word_for_a_missing_name(wanted: str) -> None:
    with pytest.raises(TemplateError, match="not used in a condition, a comparison, a filter"):
        compose(subject="{{ " + wanted + " }}")


def test_each_part_is_tried_by_itself(tmp_path: Path) -> None:
    (tmp_path / "digest.html").write_text("{{ a }}")
    (tmp_path / "digest.txt").write_text("\n{{ b }}")
    errors = Composer(tmp_path, SITE).trial(a_request(subject="{{ c }}"))
    told = [(Path(error.template).name, error.line) for error in errors]
    assert told == [("subject of digest morning", None), ("digest.html", 1), ("digest.txt", 2)]
    assert COMPOSER.trial(a_request()) == ()


def test_an_operator_adds_a_language() -> None:
    own = {"it": {"unsubscribe": "Annulla l’iscrizione", "more_one": "e un altro articolo"}}
    issue = Composer(None, SITE, own).compose(
        a_request([an_entry(1), an_entry(2)], language="it-CH", maximum=1)
    )
    assert "Annulla l’iscrizione" in issue.html
    assert "e un altro articolo" in issue.text
    assert "Read the article" in issue.html
    assert "lunedì, 23 novembre 2026" in issue.text


def test_an_unknown_value_names_template_and_line(tmp_path: Path) -> None:
    (tmp_path / "digest.txt").write_text("{{ site.name }}\n{{ sitte.name }}\n")
    with pytest.raises(TemplateError, match=r"digest\.txt:2: 'sitte' is not a value"):
        Composer(tmp_path, SITE).compose(a_request())


def test_a_template_without_text_part_is_told(tmp_path: Path) -> None:
    (tmp_path / "weekly.html").write_text("<p>{{ lead.title }}</p>")
    with pytest.raises(TemplateError, match=r"no template 'weekly\.txt'"):
        Composer(tmp_path, SITE).compose(a_request(template="weekly"))


def test_an_operator_may_change_one_block(tmp_path: Path) -> None:
    (tmp_path / "digest.html").write_text(
        '{% extends "builtin/digest.html" %}'
        "{% block postal %}<p>1 Mill Lane</p>{{ super() }}{% endblock %}"
    )
    issue = Composer(tmp_path, SITE).compose(a_request())
    assert "1 Mill Lane" in issue.html
    assert headings(issue.html) == headings(compose().html)
    assert issue.text == compose().text


def test_styles_from_elsewhere_are_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "digest.html").write_text(
        '<link rel="stylesheet" href="http://127.0.0.1:9/x.css"><p>{{ lead.title }}</p>'
    )
    assert "Story number 1" in Composer(tmp_path, SITE).compose(a_request()).html


def test_a_template_that_is_too_big_by_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "digest.html").write_text("<p>" + "x" * HTML_LIMIT + "</p>")
    with pytest.raises(TemplateError, match="95,000"):
        Composer(tmp_path, SITE).compose(a_request([an_entry(1), an_entry(2)]))


def test_an_issue_without_entries_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one"):
        COMPOSER.compose(replace(a_request(), entries=()))


def test_operators_templates_are_checked_without_an_issue(tmp_path: Path) -> None:
    (tmp_path / "digest.txt").write_text("{% if %}")
    (problem,) = Composer(tmp_path, SITE).problems()
    assert str(problem).startswith(f"{tmp_path}/digest.txt:1: ")
    assert COMPOSER.problems() == ()


WORDS = st.text(st.sampled_from("ab& <\"'é漢ע🙂\u0301\u202e-—.\n"), max_size=400)
ENTRIES = st.lists(
    st.builds(
        an_entry,
        st.integers(1, 10**6),
        title=WORDS,
        text=WORDS.map(lambda text: f"x{text * 4}\n\n{text}"),
        summary=WORDS,
        section=WORDS.map(lambda text: text[:30]),
        image=st.sampled_from(["", "https://news.example.org/" + "&" * 1900]),
        url=st.sampled_from(["", "https://news.example.org/" + "ü" * 1900]),
        language=st.sampled_from(["", "en", "he", "ko"]),
        publication=WORDS,
    ),
    min_size=1,
    max_size=12,
)


@law(10, thorough=250, suppressed=tuple(HealthCheck))
@given(
    ENTRIES,
    st.sampled_from([1, 5, 60]),
    st.sampled_from([1, 5, 40]),
    st.sampled_from(["en", "ar", "ko", "tlh"]),
)
def test_an_issue_fits_and_accounts_for_every_entry(
    entries: list[Entry], times: int, maximum: int, language: str
) -> None:
    window = entries * times
    issue = compose(*window, maximum=maximum, language=language)
    filled = TOKEN.sub("x" * 300, issue.html)
    assert len(filled.encode()) <= HTML_LIMIT
    assert 1 <= len(issue.shown) <= maximum
    assert len(issue.shown) + issue.more == len(window)
    assert issue.shown == tuple(entry.article.id for entry in window[: len(issue.shown)])
    parsed(issue.html)
    for line in issue.text.split("\n"):
        assert width(line) <= COLUMNS or "://" in line, line
    assert "\n" not in issue.subject


def test_a_window_of_large_articles_is_cut_to_the_limit() -> None:
    entries = [
        an_entry(n, title="wörd " * 60, text="漢字 " * 1_000, section=f"Section {n}")
        for n in range(1, 151)
    ]
    issue = compose(*entries, maximum=150)
    assert len(issue.html.encode()) <= HTML_LIMIT
    assert len(issue.shown) > 20
    assert f"and {issue.more} more articles" in issue.html


def test_a_title_of_ten_thousand_characters_spoils_nothing() -> None:
    long = [replace(an_article(n), title="x" * 10_000, section="y" * 10_000) for n in (1, 2, 3)]
    issue = compose(*(entry_of(article, n) for n, article in enumerate(long, start=1)))
    assert len(issue.html.encode()) <= HTML_LIMIT / 4
    assert len(issue.subject) <= 200
    assert all(width(line) <= COLUMNS for line in issue.text.split("\n"))
    assert len(issue.shown) == 3


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_is_the_golden_one(name: str) -> None:
    assert golden_mail(name) == (FOLDER / name).read_text(encoding="utf-8")


def test_the_same_request_gives_the_same_words() -> None:
    entries = [an_entry(number) for number in range(1, 30)]
    again = Composer(None, Site(name=SITE.name, url=SITE.url))
    assert compose(*entries) == again.compose(a_request(entries))
