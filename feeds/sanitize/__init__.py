"""HTML in; safe HTML with absolute addresses, and its words as plain text, out.

The work is done twice over: `rewriting` makes the HTML balanced, absolute and small in vocabulary,
then nh3 parses that as a browser would and lets through only what `vocabulary` names. Nothing is
published that nh3 did not let through unchanged. Whatever comes in, nothing is raised.
"""

from __future__ import annotations

import nh3

from feeds.document import Document
from feeds.making import Content
from feeds.sanitize.addresses import FOLLOWED, absolute
from feeds.sanitize.plaintext import html_of, text_of
from feeds.sanitize.rewriting import rewrite
from feeds.sanitize.vocabulary import DROPPED, EVERYWHERE, KEPT

__all__ = ["clean_html", "content_of", "from_text"]

_ROUNDS = 5  # more are needed by no document; those that do not settle are reduced to text
_GUARD = nh3.Cleaner(
    tags=set(KEPT),
    clean_content_tags=set(DROPPED),
    attributes={"*": set(EVERYWHERE)} | {name: set(keys) for name, keys in KEPT.items() if keys},
    url_schemes=set(FOLLOWED),
    url_relative="deny",
    link_rel=None,
)


def clean_html(html: str, *, base: str) -> Content:
    """Return `html` made safe and absolute against `base` (an http address, or empty).

    Scripts, styles, forms, frames, handlers, trackers and addresses of other schemes than http,
    https, mailto and tel are gone; lazy images are unwrapped. Without a base, relative links lose
    the link and keep the text, relative images go. Cleaning the result again changes nothing.
    """
    base = absolute(base, "")
    for _ in range(_ROUNDS):
        rewritten = rewrite(html, base)
        html = _GUARD.clean(rewritten)
        if html == rewritten:
            html = html.strip()
            return Content(html=html, text=text_of(html))
    return from_text(text_of(html))


def from_text(text: str) -> Content:
    """Return plain `text` as content: each paragraph a `<p>`, line ends inside kept as `<br>`."""
    html = html_of(text)
    return Content(html=html, text=text_of(html))


def content_of(document: Document, base: str = "") -> Content:
    """Return the content of `document`: its HTML, or its text where that has no words or images.

    `base` is what relative addresses mean; else the document's own base or address does.
    """
    if document.html.strip():
        content = clean_html(document.html, base=base or document.base or document.url)
        if content.text or "<img" in content.html or not document.text.strip():
            return content
    return from_text(document.text)
