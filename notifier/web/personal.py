"""`/my/TOKEN.rss|.atom|.json`: one reader's own feed, kept out of every shared place."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from feeds import FeedSpec, Format, Rendering
from feeds.library import Press, render_personal
from notifier.digest.spec import DigestSpec
from notifier.reading import feed_of, reader_of
from notifier.roster import Roster
from notifier.tokens import SecretKey
from notifier.web.answers import conditional

_LIMIT = 500  # feeds that are kept rendered
_HEADERS = {
    "cache-control": "private, no-cache",
    "x-robots-tag": "noindex, nofollow",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class _Kept:
    """Rendered feeds, until an article or the reader's choice changes."""

    def __init__(self, press: Press) -> None:
        self._press = press
        self._renderings: OrderedDict[tuple[FeedSpec, int], Mapping[Format, Rendering]]
        self._renderings = OrderedDict()

    async def get(self, spec: FeedSpec) -> Mapping[Format, Rendering]:
        key = (spec, (await self._press.store.marks()).change)
        if key not in self._renderings:
            self._renderings[key] = await render_personal(self._press, spec)
            if len(self._renderings) > _LIMIT:
                self._renderings.popitem(last=False)
        self._renderings.move_to_end(key)
        return self._renderings[key]


def personal_routes(
    press: Press, roster: Roster, digests: Sequence[DigestSpec], keys: Sequence[SecretKey]
) -> list[Route]:
    """Return the route of readers' own feeds."""
    kept = _Kept(press)

    async def feed(request: Request) -> Response:
        token, _, ending = request.path_params["name"].rpartition(".")
        form = next((form for form in Format if form == ending), None)
        found = await reader_of(token, roster, keys) if form else None
        if form is None or found is None:
            return PlainTextResponse("There is no such feed.\n", 404, _HEADERS)
        if found.rotated:
            return PlainTextResponse("This address has been replaced.\n", 410, _HEADERS)
        spec = feed_of(found.reader, token, digests, press.site)
        return _answer((await kept.get(spec))[form], request)

    return [Route("/my/{name}", feed)]


def _answer(rendering: Rendering, request: Request) -> Response:
    return conditional(
        request,
        rendering.body,
        etag=rendering.etag,
        modified=rendering.modified,
        headers={**_HEADERS, "content-type": rendering.format.content_type},
    )
