"""Players and overrides of direction as feeds show them. Pure.

Feed readers drop controls of audio and video, or the whole player, and validators call them and
`bdo` a risk. In a feed a player is its poster and a link to the file, which stands among the
enclosures as well; an override of direction is the characters that mean the same (UAX 9, 2.2).
Pages for people keep both. Expects sanitised HTML: balanced, lower case, values in double quotes.
"""

from __future__ import annotations

import html as markup
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from feeds.document import Enclosure

_CONCERNED = re.compile("<(?:audio|video|bdo)[ >]")
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')
_PLAYERS = frozenset({"audio", "video"})
_OVERRIDES = {"ltr": "\u202d", "rtl": "\u202e"}
_POP = "\u202c"
_PLAY = "\u25b6\ufe0e"  # the triangle, as text
_DIRECTED = frozenset({"dir", "lang", "title"})


@dataclass(frozen=True, slots=True)
class Adapted:
    """HTML fit for feeds, and the files that were played in it."""

    html: str
    media: tuple[Enclosure, ...] = ()


@dataclass(slots=True)
class _Player:
    """A player that is open; `given` are its attributes, their values as HTML has them."""

    given: dict[str, str]
    inside: list[str] = field(default_factory=list)
    depth: int = 1


def adapted(html: str) -> Adapted:
    """Return `html` as feeds show it."""
    return _adapted(html, 0) if _CONCERNED.search(html) else Adapted(html)


def _adapted(html: str, links: int) -> Adapted:
    """Return `html` as feeds show it, where it stands inside so many `links`."""
    adapting = _Adapting(links)
    end = 0
    for tag in _TAG.finditer(html):
        adapting.words(html[end : tag.start()])
        adapting.tag(tag)
        end = tag.end()
    adapting.words(html[end:])
    return adapting.result()


def link_to(enclosure: Enclosure) -> str:
    """Return a link to a file as HTML, by its title or its name."""
    url = markup.escape(enclosure.url)
    return f'<a href="{url}">{markup.escape(enclosure.title or _name(enclosure.url))}</a>'


class _Adapting:
    """What was written so far, and what is open."""

    def __init__(self, links: int) -> None:
        self._written: list[str] = []
        self._media: list[Enclosure] = []
        self._player: _Player | None = None
        self._ends: list[str] = []  # what ends the overrides that are open
        self._links = links  # that are open: none may stand in another

    def words(self, text: str) -> None:
        (self._player.inside if self._player else self._written).append(text)

    def tag(self, tag: re.Match[str]) -> None:
        closing, name, attributes = tag.groups()
        if self._player is not None:
            self._in_player(self._player, tag)
        elif name in _PLAYERS and not closing:
            self._player = _Player(dict(_ATTRIBUTE.findall(attributes)))
        elif name == "bdo":
            self.words(self._ends.pop() if closing else self._override(attributes))
        else:
            if name == "a":
                self._links += -1 if closing else 1
            self.words(tag[0])

    def result(self) -> Adapted:
        return Adapted("".join(self._written), tuple(self._media))

    def _in_player(self, player: _Player, tag: re.Match[str]) -> None:
        closing, name, attributes = tag.groups()
        if name in _PLAYERS:
            player.depth += -1 if closing else 1
        if player.depth == 0:
            self._player = None
            self._put(player)
        elif name == "source" and player.depth == 1:
            given = dict(_ATTRIBUTE.findall(attributes))
            if given.get("src") and not player.given.get("src"):
                player.given |= {key: given[key] for key in ("src", "type") if key in given}
        else:
            player.inside.append(tag[0])

    def _put(self, player: _Player) -> None:
        """Write what stands for a player; one without a file is what stands in it."""
        given = player.given
        if not given.get("src"):
            inside = _adapted("".join(player.inside), self._links)
            self._media += inside.media
            self.words(inside.html)
            return
        url = markup.unescape(given["src"])
        said = markup.unescape(given.get("type", "")).partition(";")[0]
        self._media.append(Enclosure(url=url, type=said))
        label = f"{_PLAY} {given.get('title') or markup.escape(_name(url))}"
        if given.get("poster"):
            label = f"{_poster(given)}<br>{label}"
        self.words(label if self._links else f'<a href="{given["src"]}">{label}</a>')

    def _override(self, attributes: str) -> str:
        given = dict(_ATTRIBUTE.findall(attributes))
        kept = "".join(f' {key}="{value}"' for key, value in given.items() if key in _DIRECTED)
        override = _OVERRIDES.get(given.get("dir", ""), "")
        self._ends.append(f"{_POP if override else ''}</span>")
        return f"<span{kept}>{override}"


def _poster(given: dict[str, str]) -> str:
    size = "".join(f' {key}="{given[key]}"' for key in ("width", "height") if given.get(key))
    return f'<img src="{given["poster"]}" alt=""{size}>'


def _name(url: str) -> str:
    """Return the name of the file at `url`, else its host."""
    parts = urlsplit(url)
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc


def joined(given: Iterable[Enclosure], media: Iterable[Enclosure]) -> tuple[Enclosure, ...]:
    """Return the enclosures that were `given`, then the `media` that are not among them."""
    first = tuple(given)
    known = {enclosure.url for enclosure in first}
    further = {enclosure.url: enclosure for enclosure in media if enclosure.url not in known}
    return (*first, *further.values())
