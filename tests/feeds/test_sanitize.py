"""Whatever HTML comes in, what goes out is safe, absolute, balanced and stays as it is."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.sanitize import clean_html, content_of, from_text
from tests.feeds.builders import a_document
from tests.laws import law

BASE = "https://news.example.org/2026/story"

HARMLESS = [
    '<figure><img src="https://x.example/a.jpg" alt="A"><figcaption>Who</figcaption></figure>',
    '<table><caption>T</caption><thead><tr><th scope="col">A</th></tr></thead>'
    '<tbody><tr><td colspan="2">1</td></tr></tbody></table>',
    '<details open=""><summary>More</summary><p>Text</p></details>',
    '<p><time datetime="2026-01-17">today</time> <mark>new</mark> <abbr title="x">y</abbr></p>',
    '<audio src="https://x.example/a.mp3" controls=""></audio>',
    "<dl><dt>Word</dt><dd>Meaning</dd></dl>",
    "<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby></p>",
    '<p lang="he" dir="rtl">שלום</p>',
    '<h2>Head</h2><blockquote cite="https://x.example/"><p>q</p></blockquote><pre>  a\n b</pre>',
    '<picture><source srcset="https://x.example/a.webp 2x" type="image/webp">'
    '<img src="https://x.example/a.jpg" width="600" height="400"></picture>',
    '<ol start="3" reversed=""><li>a</li><li>b</li></ol>',
    '<p><a href="mailto:desk@x.example">write</a> <a href="tel:+3312345">call</a></p>',
]


def cleaned(source: str, base: str = BASE) -> str:
    return clean_html(source, base=base).html


@pytest.mark.parametrize("source", HARMLESS)
def test_modern_harmless_html_survives_unchanged(source: str) -> None:
    assert cleaned(source) == source


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//evil.example/x.js></SCRIPT >",
        "<style>body{background:url(//evil.example)}</style>",
        "<svg><script>alert(1)</script><circle onload=alert(1) /></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></math>",
        "<iframe src=https://evil.example></iframe>",
        "<object data=evil.swf></object><embed src=evil.swf>",
        "<meta http-equiv=refresh content=0;url=//evil.example><base href=//evil.example>",
        "<link rel=stylesheet href=//evil.example/x.css>",
        "<input onfocus=alert(1) autofocus><button>Send</button><select><option>x</select>",
        "<img src=x.gif width=1 height=1>",
        "<img src=x.gif height='0'>",
        "<img src=x.gif style='display: none'>",
        "<img src=x.gif style='width:1px;height:1px'>",
        "<img src=x.gif style='width:.1px'>",
        "<video src=x.mp4 poster=x.gif width=1 height=1></video>",
        "<audio src=x.mp3 style='display:none'></audio>",
        "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>",
        "<img src='javascript:alert(1)'>",
        "<!-- <p>not me</p> --><![CDATA[ x ]]>",
        "<template><p>not me</p></template>",
    ],
)
def test_what_is_hostile_goes_and_its_neighbours_stay(hostile: str) -> None:
    result = cleaned(f"<p>before</p>{hostile}<p>after</p>")
    assert re.sub(r"\]\]&gt;", "", result).replace(" ", "") == "<p>before</p><p>after</p>"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " \x01java\nscript:alert(1)",
        "JaVaScRiPt&colon;alert(1)",
        "&#106;avascript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "http://[",
        "https://",
        "",
    ],
)
def test_a_link_that_must_not_be_followed_keeps_its_text_only(address: str) -> None:
    assert cleaned(f'<p><a href="{address}">text</a></p>') in {
        "<p>text</p>",
        f'<p><a href="{BASE}">text</a></p>',
    }
    assert "<a" not in cleaned(f'<a href="{address}">text</a>', base="")


@pytest.mark.parametrize(
    ("given", "absolute"),
    [
        ("/a", "https://news.example.org/a"),
        ("b?x=1&copy=2", "https://news.example.org/2026/b?x=1&amp;copy=2"),
        ("#note", "https://news.example.org/2026/story#note"),
        ("//cdn.example/c", "https://cdn.example/c"),
        ("HTTPS://x.example/d e", "HTTPS://x.example/d%20e"),
    ],
)
def test_links_become_absolute(given: str, absolute: str) -> None:
    assert cleaned(f'<a href="{given}">x</a>') == f'<a href="{absolute}">x</a>'


def test_every_kind_of_address_becomes_absolute() -> None:
    source = (
        "<img src=a.jpg srcset='a.jpg 1x, /b,c.jpg 2x,d.jpg 3x, e.jpg wide'>"
        "<video poster=p.jpg><source src=v.mp4 type=video/mp4></video>"
        "<blockquote cite=/q>q</blockquote><picture><source srcset=w.webp></picture>"
    )
    root = "https://news.example.org"
    assert cleaned(source) == (
        f'<img src="{root}/2026/a.jpg" srcset="{root}/2026/a.jpg 1x, {root}/b,c.jpg 2x, '
        f'{root}/2026/d.jpg 3x"><video controls="" poster="{root}/2026/p.jpg">'
        f'<source src="{root}/2026/v.mp4" type="video/mp4"></video>'
        f'<blockquote cite="{root}/q">q</blockquote>'
        f'<picture><source srcset="{root}/2026/w.webp"></picture>'
    )


def test_without_a_base_relative_links_lose_the_link_and_relative_images_go() -> None:
    source = '<p><a href="/a">text</a><img src="b.jpg"><img src="https://x.example/c.jpg"></p>'
    assert cleaned(source, base="") == '<p>text<img src="https://x.example/c.jpg"></p>'


@pytest.mark.parametrize(
    "lazy",
    [
        "<img data-src=/a.jpg src='data:image/gif;base64,AAAA'>",
        "<img data-src=/a.jpg src=/placeholder.gif>",
        "<img data-src=/a.jpg><noscript><img src=/a.jpg></noscript>",
        "<img src='data:x'><noscript><img src=/a.jpg></noscript>",
        "<img src=/placeholder.gif> <noscript><img src=/a.jpg></noscript>",
        "<noscript><img src=/a.jpg></noscript>",
        "<img src=/a.jpg><noscript><img src=/track.gif width=1 height=1></noscript>",
        "<img data-original=/a.jpg>",
    ],
)
def test_a_lazy_image_is_unwrapped_and_stands_there_once(lazy: str) -> None:
    assert cleaned(lazy).strip() == '<img src="https://news.example.org/a.jpg">'


def test_lazy_sets_of_images_are_unwrapped() -> None:
    result = cleaned("<img data-srcset='/a.jpg 600w, /b.jpg 1200w' sizes=100vw alt=A>")
    root = "https://news.example.org"
    assert result == (
        f'<img src="{root}/a.jpg" srcset="{root}/a.jpg 600w, {root}/b.jpg 1200w" '
        f'sizes="100vw" alt="A">'
    )


@pytest.mark.parametrize(
    ("careless", "balanced"),
    [
        ("<p>one<p>two", "<p>one</p><p>two</p>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<b><i>x</b>y</i>", "<b><i>x</i></b>y"),
        ("<div><p>x</div>y</p></div>", "<div><p>x</p></div>y"),
        ("<table><td>x", "<table><tbody><tr><td>x</td></tr></tbody></table>"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        (
            "<p>a<table><tr></div></p><td>b",
            "<p>a</p><table><tbody><tr><td>b</td></tr></tbody></table>",
        ),
    ],
)
def test_unclosed_and_misplaced_tags_are_balanced(careless: str, balanced: str) -> None:
    assert cleaned(careless) == balanced


def test_control_characters_and_lone_surrogates_are_removed_wherever_they_hide() -> None:
    source = "<p title='a&#1;b\ud800'>x\x00\x0b\ud83dy&#xFFFE;\u2028z &#x1F4F0;</p>"
    assert cleaned(source) == '<p title="ab">xy\nz 📰</p>'


def test_a_combining_character_cannot_swallow_the_end_of_a_tag() -> None:
    assert cleaned("<p>\u0338x</p>") == "<p>x</p>"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<h1>Head</h1><p>One<br>two</p><p>Three</p>", "Head\n\nOne\ntwo\n\nThree"),
        ("<p>A:</p><ul><li>one</li><li>two</li></ul>z", "A:\n\n- one\n- two\n\nz"),
        ("<p>a &amp; b &lt;c&gt;&nbsp;d</p>", "a & b <c> d"),
        ("<p>see <img src=/x.jpg alt='a picture'> there</p>", "see there"),
        ("x<script>no</script><style>no</style>y", "xy"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>if x:\n    y\n</pre>", "if x:\n    y"),
        ("<p>  a \n <b> b</b>c </p>", "a bc"),
    ],
)
def test_the_words_are_told_as_plain_text(source: str, words: str) -> None:
    assert clean_html(source, base=BASE).text == words


def test_plain_text_becomes_paragraphs() -> None:
    content = from_text("One & <two>\nline\r\n\r\n \n three \n\n\n")
    assert content.html == "<p>One &amp; &lt;two&gt;<br>line</p>\n<p>three</p>"
    assert content.text == "One & <two>\nline\n\nthree"


def test_html_is_preferred_to_text_unless_nothing_is_left_of_it() -> None:
    assert content_of(a_document(html="<p>h</p>", text="t")).text == "h"
    assert content_of(a_document(html="<script>1</script>", text="t")).html == "<p>t</p>"
    assert content_of(a_document(html="", text="t")).html == "<p>t</p>"
    assert content_of(a_document(html="", text="")).html == ""


def test_the_documents_base_outranks_its_address() -> None:
    link = "<a href=x>x</a>"
    both = a_document(html=link, base="https://base.example/", url="https://url.example/")
    assert "https://base.example/x" in content_of(both).html
    assert "https://url.example/x" in content_of(a_document(html=link, url=both.url)).html
    assert "https://told.example/x" in content_of(both, "https://told.example/").html


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 10_000 + "deep",
        "<b>" * 10_000 + "<p>x" * 3_000 + "deep",
        "<table><tr><td>" * 5_000 + "deep",
        "".join(f"<b title={n}>" for n in range(3_000)) + "<p>" * 3_000 + "deep",
        "<a " * 50_000 + ">deep",
        "<" * 50_000 + " deep",
        "<!--" * 50_000 + "-->deep",
        "<svg>" * 20_000 + "deep",
        "<img srcset='" + "," * 100_000 + "'>deep",
    ],
)
def test_bombs_keep_their_words(source: str) -> None:
    content = clean_html(source, base=BASE)  # quadratic time would be minutes
    assert content.text.endswith("deep")


def test_a_body_of_300_kilobytes_is_kept_whole() -> None:
    body = ("<p>" + "Some <em>words</em> of the usual kind, and no end. " * 12 + "</p>\n") * 480
    assert len(body) > 290_000
    assert cleaned(body) == body.strip().replace(" </p>", " </p>")


NAMES = """
    a b p i em div span table tr td tbody caption ul ol li dl dt dd pre img picture source video
    h1 h2 br hr form button select option svg math style script title textarea noscript template
    iframe figure figcaption details summary ruby rt main center font x-y section blockquote col
"""
ATTRIBUTES = """
 href=/a| href='javascript:alert(1)'| href="data:x"| src=b.jpg| onclick=x()| onerror="x()"
| style='position:fixed'| data-src=c.jpg| srcset='d.jpg 2x, javascript:x'| width=1| alt=&quot;
| title='"<script>'| title="&lt;img onerror=x&gt;"| dir=rtl| lang=he| controls| =| /| "| '
| href=//x.example/&#0;| href='?q=&copy=1'"""
TEXTS = """x|<|>|&|&amp;|&lt;script&gt;|&nbsp;|]]>|<!--|-->|<![CDATA[|</|e\u0301|\u0338|שלום|👩‍🚀
|&#x1;|&notit;|\ufeff|=|javascript:|\u2028|\x00|\ud800|\n\n| """
ATTRIBUTE = st.sampled_from(["", *ATTRIBUTES.split("|")])
START = st.builds("<{}{}>".format, st.sampled_from(NAMES.split()), ATTRIBUTE)
SAFE = """
    a b p i em div span table tr td tbody caption colgroup col ul ol li dl dt dd pre img picture
    source video h1 h2 br hr figure figcaption details summary ruby rt section blockquote s
"""
PIECES = st.one_of(
    START,
    START,
    st.builds("</{}>".format, st.sampled_from(NAMES.split())),
    st.sampled_from(TEXTS.split("|")),
)
NASTY = st.lists(PIECES, max_size=25).map("".join)


@law(60)
@given(NASTY)
@example("<table><svg></table><p><style><!--</style><img onerror=x src=y>")
@example("<p><button><p>x</button><a href=/><table><a href=/>")
@example("<pre>\n\n<b>\n</pre>\n")
def test_cleaning_is_safe_final_and_valid(source: str) -> None:
    once = clean_html(source, base=BASE)
    assert clean_html(once.html, base="") == once
    assert once.text == once.text.strip()
    assert_safe(once.html)


@law(40)
@given(st.text(st.sampled_from("<>/=\"'&;!-[] \nabpsrciphrefonxt\x00\ud800"), max_size=120))
def test_soup_is_cleaned_once_and_for_all(source: str) -> None:
    once = clean_html(source, base=BASE)
    assert clean_html(once.html, base=BASE) == once
    assert_safe(once.html)


@law(40)
@given(st.text(st.sampled_from("ab<&\n\t \u2028\x00- "), max_size=60))
def test_text_survives_its_way_through_html(text: str) -> None:
    content = from_text(text)
    assert from_text(content.text) == content
    assert clean_html(content.html, base=BASE) == content
    assert "".join(content.text.split()) == "".join(text.replace("\x00", "").split())


def assert_safe(cleaned_html: str) -> None:
    """Hold what a browser makes of it, by a parser that is not the sanitiser's own."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parseFragment(cleaned_html)
    assert not [error for _, error, _ in parser.errors]
    for element in tree.iter():
        tag = element.tag
        assert tag in {"DOCUMENT_FRAGMENT", *SAFE.split()}, tag
        for name, value in element.attrib.items():
            assert not name.startswith("on"), name
            assert name not in {"style", "id", "class", "srcdoc", "action"}, name
            if name in {"href", "src", "cite", "poster"}:
                assert urlsplit(html.unescape(value)).scheme.lower() in {"http", "https"}, value
            if name == "srcset":
                assert all(part.strip().startswith("https://") for part in value.split(", "))
