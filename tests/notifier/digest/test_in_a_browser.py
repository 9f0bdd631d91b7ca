"""The built-in mails in a real browser: wide and narrow, light and dark, checked by axe-core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from notifier.digest.catalogues import CATALOGUES
from tests.axe_core import axe_core, findings
from tests.chromium import Page, chromium
from tests.notifier.digest.mails import filled, mail

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    return axe_core(tmp_path_factory.mktemp("axe"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(scope="module")
def html() -> dict[str, str]:
    return {language: filled(mail(language).html) for language in CATALOGUES}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 700])
@pytest.mark.parametrize("language", CATALOGUES)
def test_axe_finds_nothing_serious(
    page: Page, axe: str, html: dict[str, str], language: str, width: int, dark: bool
) -> None:
    page.show(html[language], width=width, dark=dark)
    found = findings(page, axe)
    assert found["wrong"] == []
    assert found["unsure"] == []
    assert found["passes"] > 10


def test_axe_would_find_something(page: Page, axe: str, html: dict[str, str]) -> None:
    page.show(
        html["en"].replace("color: #5b564d", "color: #bbb").replace(" alt=", " x="), width=700
    )
    kinds = {line.split(":")[0] for line in findings(page, axe)["wrong"]}
    assert {"color-contrast", "image-alt"} <= kinds


@pytest.mark.parametrize("width", [320, 360, 700])
@pytest.mark.parametrize("language", CATALOGUES)
def test_nothing_is_wider_than_the_screen(
    page: Page, html: dict[str, str], language: str, width: int
) -> None:
    page.show(html[language], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


DARKNESS = """
[...document.querySelectorAll("h1,h2,h3,p,a,td,table")].map(e => getComputedStyle(e)).flatMap(
  s => [s.backgroundColor, s.color])
"""


def test_dark_colours_outrank_those_that_are_inlined(page: Page, html: dict[str, str]) -> None:
    page.show(html["en"], width=700)
    light = set(page.evaluate(DARKNESS))
    page.show(html["en"], width=700, dark=True)
    dark = set(page.evaluate(DARKNESS))
    assert light & dark == {"rgba(0, 0, 0, 0)"}


def test_what_is_read_has_16_pixels_and_nothing_is_tiny(page: Page, html: dict[str, str]) -> None:
    script = """[...document.querySelectorAll(SELECTOR)].filter(e => e.innerText.trim())
      .map(e => parseFloat(getComputedStyle(e).fontSize))"""
    for width in (360, 700):
        page.show(html["en"], width=width)
        for selector, least in (("p.text, p.brief, p.standfirst, h3", 16), ("p, h1, h2, td", 13)):
            sizes = page.evaluate(script.replace("SELECTOR", repr(selector)))
            assert min(sizes) >= least
