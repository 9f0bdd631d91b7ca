"""From a document, as a source read it, to the article that it describes. Pure.

Refuses what cannot be published (`InvalidArticle`), with a message for the document's author;
drops addresses that cannot be followed. Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, urljoin, urlsplit

from feeds.article import Article
from feeds.document import Author, Document, Enclosure, SourceFeed
from feeds.errors import InvalidArticle
from feeds.kit import text as texts

TITLE_FROM_TEXT = 100  # characters of a title that is made from the first sentence
TITLE_LIMIT = 1000  # characters kept of a title that came with the document

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+\Z")
_NOT_IN_ADDRESSES = re.compile(r"[\s<>\"{}|\\^`]")  # RFC 3987, 2.2
_TO_BE_SEEN = re.compile(r"<(?:img|video|audio)\b")  # content that needs no words
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The body of a document after cleaning: safe absolute HTML and the same as plain text."""

    html: str
    text: str


def from_document(document: Document, content: Content) -> Article:
    """Return the article that `document` describes, with its cleaned `content`.

    Raises InvalidArticle, with a message for the author of the document.
    """
    base = document.base or document.url
    summary = texts.one_line(document.summary)
    text = texts.clean(content.text).strip()
    title = texts.shorten(texts.one_line(document.title), TITLE_LIMIT)
    enclosures = tuple(_enclosures(document, base))
    url = _web_url(document.url)
    if document.url and not url:
        raise InvalidArticle(f"the url {document.url[:80]!r} is not an http or https address")
    seen = url or enclosures or document.image.strip() or _TO_BE_SEEN.search(content.html)
    if not (text or summary or (title and seen)) and not document.withdrawn:
        raise InvalidArticle("there is no text: give it content, a summary, or a url and a title")
    made = title or texts.first_sentence(text or summary, TITLE_FROM_TEXT)
    made = made or document.id or url or document.path  # of a bare notice of withdrawal
    own_id = texts.one_line(document.id)
    return Article(
        source=document.source,
        key=_key(document, own_id, url, text or summary or title),
        own_iri=own_id if is_iri(own_id) else "",
        url=url,
        title=made,
        title_made=not title,
        html=content.html,
        text=text,
        summary=summary,
        image=_web_url(document.image, base) if document.image.strip() else "",
        published=document.published,
        updated=document.updated,
        authors=tuple(_authors(document)),
        tags=tuple(dict.fromkeys(filter(None, map(texts.one_line, document.tags)))),
        section=texts.one_line(document.section),
        language=document.language.strip() if _LANGUAGE.match(document.language.strip()) else "",
        publication=texts.one_line(document.publication),
        enclosures=enclosures,
        source_feed=_source_feed(document, base),
        excerpt=document.excerpt,
        position=document.position,
        origin=str(document.place.path),
        withdrawn=document.withdrawn,
        minor=document.minor,
        resend=document.resend,
    )


def is_iri(text: str) -> bool:
    """Tell whether `text` is an absolute IRI that may be published as an id verbatim."""
    return bool(_IRI.match(text)) and len(text) <= 2000


def _key(document: Document, own_id: str, url: str, text: str) -> str:
    if own_id:
        return f"id:{own_id}"
    if url:
        return f"url:{url}"
    if document.path:
        return f"path:{document.path}"
    return f"text:{texts.digest(texts.one_line(document.publication), texts.normalise(text))}"


def _web_url(url: str, base: str = "") -> str:
    """Return `url`, made absolute against `base`, if it can be followed, else nothing."""
    try:
        url = _NOT_IN_ADDRESSES.sub(lambda found: quote(found[0]), urljoin(base, url.strip()))
        parts = urlsplit(url)
    except ValueError:
        return ""
    if not is_iri(url):
        return ""
    return url if parts.scheme.lower() in {"http", "https"} and parts.hostname else ""


def _enclosures(document: Document, base: str) -> list[Enclosure]:
    found = []
    for enclosure in document.enclosures:
        url = _web_url(enclosure.url, base)
        if url:
            found.append(replace(enclosure, url=url, title=texts.one_line(enclosure.title)))
    return found


def _source_feed(document: Document, base: str) -> SourceFeed | None:
    """The feed of another publication, if it can be followed; a feed without address is none."""
    given = document.source_feed
    url = _web_url(given.url, base) if given and given.url.strip() else ""
    if not given or not url:
        return None
    if given.updated is not None and given.updated.tzinfo is None:
        raise InvalidArticle("a date needs a time zone")
    own_id = texts.one_line(given.id)
    title = texts.shorten(texts.one_line(given.title), TITLE_LIMIT)
    return replace(given, url=url, title=title, id=own_id if is_iri(own_id) else "")


def _authors(document: Document) -> list[Author]:
    found = []
    for author in document.authors:
        name, email = texts.one_line(author.name), texts.one_line(author.email)
        url = _web_url(author.url)
        if name or email or url:
            found.append(Author(name=name, email=email, url=url))
    return found
