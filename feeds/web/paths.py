"""Where the site stands: below a path of its host, with a proxy that strips it or does not.

All addresses that we write come from the site's `url`; these functions only read requests.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from feeds.feed import Format, Site, document_path

_FEEDS = "/feeds/"


def prefix_of(site: Site) -> str:
    """Return the path below which the site stands, without a trailing slash; mostly empty."""
    return unquote(urlsplit(site.url).path).rstrip("/")


def local_path(scope: Scope, prefix: str) -> str:
    """Return the path of a request within the site, whoever was to strip what is before it."""
    path: str = scope["path"]
    for before in (scope.get("root_path", ""), prefix):
        if before and (path == before or path.startswith(f"{before}/")):
            path = path[len(before) :] or "/"
    return path


def at_site(app: ASGIApp, site: Site) -> ASGIApp:
    """Return `app` with all requests as if the site stood at the root of its host."""
    prefix = prefix_of(site)

    async def local(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (prefix or scope.get("root_path")):
            scope = {**scope, "path": local_path(scope, prefix), "root_path": ""}
        await app(scope, receive, send)

    return local


def path_of(feed: str, form: Format, document: str = "") -> str:
    """Return where a feed stands within the site, or one of its archive documents."""
    return _FEEDS + document_path(feed, form, document)


def parts_of(path: str) -> tuple[str, str, Format | None]:
    """Return the feed, the archive ("" for the live feed) and the format that `path` names.

    The format is None where `path` is that of no feed.
    """
    stem, _, ending = path.removeprefix(_FEEDS).rpartition(".")
    if not path.startswith(_FEEDS) or not stem or ending not in set(Format):
        return "", "", None
    name, slash, document = stem.partition("/")
    return name, document if slash else "", Format(ending)
