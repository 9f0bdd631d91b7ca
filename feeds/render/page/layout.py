"""What all pages share: the layout, its style, the policy that forbids all else, links."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from feeds.feed import FeedSpec, Format, Site
from feeds.kit.language import direction
from feeds.kit.templates import Templates
from feeds.render.addresses import to_uri

_FOLDER = Path(__file__).parent.parent / "templates"
_CHROME = "en"  # the language of a page's own words, unless it brings others
_NAMES = {Format.RSS: "RSS", Format.ATOM: "Atom", Format.JSON: "JSON Feed"}


@dataclass(frozen=True, slots=True)
class Link:
    """Where a word leads; the media type is empty where that is a page."""

    label: str
    url: str
    media_type: str = ""


def written(
    name: str,
    site: Site,
    *,
    lang: str,
    chrome: str = _CHROME,
    scripts: tuple[str, ...] = (),
    **values: object,
) -> bytes:
    """Return the template `name` as a page in the language `lang`, with `scripts` inline.

    What the page says of its own is in `chrome`.
    """
    style = read("page.css")
    html = _templates().render(
        name,
        site=site,
        lang=lang,
        dir=direction(lang),
        site_dir=direction(site.language),
        chrome=chrome,
        chrome_dir=direction(chrome),
        style=style,
        script="".join(scripts),
        policy=_policy(style, scripts),
        **values,
    )
    return html.encode()


def links_of(feed: FeedSpec, site: Site) -> tuple[Link, ...]:
    """Return the addresses of `feed`, one for each format."""
    own = f"{site.url}/{feed.address}"
    return tuple(
        Link(
            _NAMES[form],
            to_uri(f"{own}.{form}" if feed.address else site.feed_url(feed.name, form)),
            form.media_type,
        )
        for form in Format
    )


@lru_cache(maxsize=8)
def read(name: str) -> str:
    """Return a file that stands beside the templates."""
    return (_FOLDER / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _templates() -> Templates:
    return Templates(_FOLDER)


@lru_cache(maxsize=8)
def _policy(style: str, scripts: tuple[str, ...]) -> str:
    """Return the policy that admits these and nothing else but media (CSP 3)."""
    rules = [
        "default-src 'none'",
        f"style-src {_hash(style)}",
        "img-src http: https:",
        "media-src http: https:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if scripts:
        rules.append(f"script-src {' '.join(map(_hash, scripts))}")
    return "; ".join(rules)


def _hash(source: str) -> str:
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return f"'sha256-{digest}'"
