"""The pages in a real browser: narrow and wide, light and dark, with a keyboard, for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from feeds import FeedSpec, Format, Site
from feeds.labels import ForEach, Kind, Label
from feeds.render.page import archive_page, article_page, feed_page, landing_page
from tests.axe_core import axe_core, findings
from tests.chromium import Page, chromium
from tests.feeds.render.test_page import SITE, an_entry

pytestmark = pytest.mark.slow

SPEC = FeedSpec(name="all", title="Everything", description="All that was written")
OWN = replace(SPEC, name="own", title="For you", address="my/a-long-address-of-somebody")
WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen"


def _pages(site: Site) -> dict[str, str]:
    html = f"<h2>Tide</h2><p>{WORD} <a href='https://a.example/'>a</a></p><table><tr><td>1</td></tr></table>"
    entries = [
        an_entry(html, title=f"{WORD} {number}", url=f"https://a.example/{number}", section="River")
        for number in range(3)
    ]
    tags = [ForEach(kind=Kind.TAG).feed(Label(Kind.TAG, name, name)) for name in ("tide", "x")]
    pages = {
        "landing": landing_page(site, [SPEC, *tags]),
        "feed": feed_page(SPEC, site, Format.ATOM, entries),
        "personal": feed_page(OWN, site, Format.RSS, entries, personal=True),
        "archive": archive_page(SPEC, site, Format.JSON, entries, "all-1"),
        "article": article_page(an_entry(html, title="Tide"), site),
        "arabic": article_page(an_entry(html, title="المد", language="ar"), site),
    }
    return {name: page.decode() for name, page in pages.items()}


PAGES = _pages(replace(SITE, description="What the river brings"))


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    return axe_core(tmp_path_factory.mktemp("axe"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1100])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(page: Page, axe: str, name: str, width: int, dark: bool) -> None:
    page.show(PAGES[name], width=width, dark=dark)
    found = findings(page, axe)
    assert found["wrong"] == []
    assert found["unsure"] == []
    assert found["passes"] > 10


@pytest.mark.parametrize("width", [320, 360, 1100])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_screen(page: Page, name: str, width: int) -> None:
    page.show(PAGES[name], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("name", PAGES)
def test_the_tab_key_reaches_all_that_can_be_used_and_shows_where_it_is(
    page: Page, name: str
) -> None:
    page.show(PAGES[name], width=360)
    usable = page.evaluate(
        "[...document.querySelectorAll('a[href], button:not([hidden]), input')].length"
    )
    reached = 0
    for _ in range(usable):
        page.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab")
        page.call("Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        reached += outline == "solid"
    assert usable > 0
    assert reached == usable
