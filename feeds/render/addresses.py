"""Addresses as feeds say them: URIs that every reader and validator can follow. Pure.

Readers of RSS know hosts by name or IPv4 only (RFC 2396); what cannot be said so is refused here,
and said some other way by whoever asks: an article by its page on our site, a file by a link.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

from feeds.article import Article
from feeds.feed import Site

_URI = re.compile(
    r"https?://[\w.-]+(?::[0-9]+)?(?:[/?#](?:[\w/:?@!$&'()*+,;=.~-]|%[0-9A-Fa-f]{2})*+)?\Z",
    re.ASCII,
)
_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_SAYABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[a-zA-Z0-9;/?:@&=+$.\-_!~*'()%,#]+\Z")
# What validators accept of the address of an RSS enclosure: a dotted name, and no user.
_DOTTED = re.compile(r"https?://(?:[a-z0-9-]+\.)+[a-z0-9][a-z0-9-]*(?::[0-9]+)?/", re.IGNORECASE)


def to_uri(iri: str) -> str:
    """Return `iri` as a URI (RFC 3987, 3.1), the host in its ASCII form, for readers need that.

    Raises ValueError for an address that is none.
    """
    if _URI.match(iri):
        return iri
    parts = urlsplit(iri)
    host = parts.netloc
    if not host.isascii():
        user, at, name = host.rpartition("@")
        name, colon, port = name.partition(":")
        host = f"{quote(user)}{at}{name.encode('idna').decode()}{colon}{port}"
    plain = (_BARE_PERCENT.sub("%25", part) for part in parts[2:])
    rest = (quote(part, safe="%/:?@!$&'()*+,;=-._~") for part in plain)
    return urlunsplit((parts.scheme, host, *rest))


def sayable(iri: str) -> str:
    """Return `iri` as a URI without an IPv6 address in it, else nothing."""
    try:
        uri = to_uri(iri)
    except ValueError:
        return ""
    return uri if _SAYABLE.match(uri) else ""


def link_of(article: Article, site: Site) -> str:
    """Return where feeds say that `article` stands: its address, if need be by way of our page."""
    return sayable(article.url) or own_link(article, site)


def own_link(article: Article, site: Site) -> str:
    """Return the address of the page on our site, which leads on to the article's own address."""
    return to_uri(site.article_url(article.id))


def fits_rss_enclosure(uri: str) -> bool:
    """Tell whether the `enclosure` of RSS takes this address; `media:content` takes any."""
    return bool(_DOTTED.match(uri))


def with_path(url: str) -> str:
    """Return the same address with the path that an empty one means (RFC 3986, 6.2.3)."""
    parts = urlsplit(url)
    return url if parts.path else urlunsplit(parts._replace(path="/"))
