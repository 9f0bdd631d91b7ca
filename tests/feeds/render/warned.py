"""What feed validators warn of beyond the specifications, as checks of single values.

Written down from what is known of the validator of the W3C: which HTML it takes for harmless, which
dates, ids and languages for plausible, which letters for a wrong encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# HTML that is warned of as a risk, or as none at all, is what is missing here.
HARMLESS = _names(
    """
    a abbr acronym address area article aside audio b bdi big blockquote br button canvas
    caption center cite code col colgroup command data datalist dd del details dfn dialog dir
    div dl dt em fieldset figcaption figure footer font form h1 h2 h3 h4 h5 h6 header hgroup hr
    i img input ins kbd label legend li m main map mark menu meter nav noscript ol optgroup
    option output p picture pre progress q rp rt ruby s samp section select small source span
    strike strong sub summary sup table tbody td template textarea tfoot th thead time tr track
    tt u ul var video wbr
    """
)
HARMLESS_ATTRIBUTES = _names(
    """
    abbr align alt cite class color colspan data datetime dir download height hidden href
    hreflang hspace id label lang loading loop media muted name open poster preload rel reversed
    rowspan rules scope size sizes span src srcset start target title translate type valign
    value vspace width
    """
)
_SCHEMES = frozenset(["ftp", "http", "https", "info", "mailto", "news", "tag", "urn"])
LANGUAGES = _names(
    """
    ar bn de el en es fr he hi it ja ko la pl pt ru sv uk und zh gsw yi
    """
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
_END_TAG = re.compile(r"</\w+>")
_IMAGE = re.compile(r"""<img\s+[^>]*src=(?:"(.*?)"|'(.*?)'|([\w-]+))[\s>]""", re.IGNORECASE)
_ANCHOR = re.compile(r"""<a\s+href=(?:"(.*?)"|'(.*?)'|([\w-]+))[\s>]""", re.IGNORECASE)
_END = datetime(2027, 1, 1, tzinfo=UTC)  # no test is later
_LONGEST_CHUNK = 8192  # octets that a parser hands over at once


def warned_of_text(text: str) -> Iterator[str]:
    if re.search("[\x80-\x9f\ufffd]", text):
        yield f"letters of a wrong encoding: {text[:60]!r}"
    if re.search("[\xc2\xc3][\x80-\xbf]", text):
        for start in range(0, len(text), _LONGEST_CHUNK // 4):
            try:
                text[start : start + _LONGEST_CHUNK // 4].encode("latin-1").decode()
            except ValueError:
                continue
            yield f"UTF-8 twice: {text[:60]!r}"


def warned_of_name(text: str) -> Iterator[str]:
    if _END_TAG.search(text):
        yield f"an end tag in plain text: {text[:60]!r}"


def warned_of_date(at: datetime) -> Iterator[str]:
    if not datetime(1990, 1, 1, tzinfo=UTC) <= at <= _END:
        yield f"an implausible date: {at}"


def warned_of_language(tag: str) -> Iterator[str]:
    if tag.partition("-")[0].lower() not in LANGUAGES:
        yield f"an unknown language: {tag}"


def warned_of_link(url: str) -> Iterator[str]:
    if not re.match(r"[a-zA-Z][0-9a-zA-Z+.-]*:(//)?[0-9a-zA-Z;/?:@&=+$._!~*'()%,#-]+\Z", url):
        yield f"no URI of RFC 2396: {url}"
    if re.match("(?:http|ftp):", url) and not re.match(r"\w+://[^/]", url):
        yield f"an address without a host: {url}"


def warned_of_id(id_: str) -> Iterator[str]:
    """An Atom id is an absolute URI in its canonical form."""
    yield from warned_of_link(id_)
    scheme, _, rest = id_.partition(":")
    if scheme not in _SCHEMES:
        yield f"an unknown scheme: {id_}"
    if scheme == "tag" and not re.match(
        r"([a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:[^#]*(#[^#]*)?\Z", rest
    ):
        yield f"no tag: {id_}"
    if scheme == "urn" and not re.match(r"[\w-]{2,32}:([\w()+,.:=@;$!*'-]|%\w\w)+\Z", rest):
        yield f"no URN: {id_}"
    if id_.startswith("urn:uuid:") and not _UUID.match(id_[9:]):
        yield f"no UUID: {id_}"
    if "//" in rest[:2]:
        parts = urlsplit(id_)
        default = {"http": ":80", "https": ":443"}.get(scheme, ":")
        dots = {".", ".."} & set(parts.path.split("/"))
        if parts.netloc != parts.netloc.lower() or parts.netloc.endswith((default, ":")):
            yield f"not canonical: {id_}"
        if not parts.path or dots or id_.split(":", maxsplit=1)[0] != scheme.lower():
            yield f"not canonical: {id_}"
    for octet in re.findall("%(..)", id_):
        if octet != octet.upper() or re.match(r"[\w.~-]", chr(int(octet, 16)), re.ASCII):
            yield f"not canonical: {id_}"


def warned_of_html(text: str, tree: Any) -> Iterator[str]:
    """`tree` is `text` parsed; addresses are looked for in the text itself, as validators do."""
    for element in tree.iter():
        if not isinstance(element.tag, str) or element.tag == "DOCUMENT_FRAGMENT":
            continue
        if element.tag not in HARMLESS:
            yield f"a risk: <{element.tag}>"
        for name in element.attrib:
            if name not in HARMLESS_ATTRIBUTES and not name.startswith("data-"):
                yield f"a risk: {name} of <{element.tag}>"
    for found in (*_IMAGE.findall(text), *_ANCHOR.findall(text)):
        if not re.match(r"\w+:", "".join(found)):
            yield f"a relative address: {found}"
