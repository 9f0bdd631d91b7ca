"""Which HTML is harmless: the elements and attributes an article may keep, and what falls away.

Constants only. Whatever is not named here does not reach a reader; the text inside survives
unless the element is one of DROPPED.
"""

from __future__ import annotations


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Attributes that every kept element may have.
EVERYWHERE = ("lang", "dir", "title")

_SIZE = ("width", "height")
_CELL = ("colspan", "rowspan", "align")
_PLAIN = (
    "abbr address article aside b bdi bdo br caption cite code dd dfn div dl dt em figcaption "
    "figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i kbd mark nav p picture pre rp rt ruby s "
    "samp section small span strong sub summary sup table tbody tfoot thead tr u ul var wbr"
)

# Element -> the attributes it may have besides EVERYWHERE, in the order they are written.
KEPT: dict[str, tuple[str, ...]] = dict.fromkeys(_PLAIN.split(), ()) | {
    "a": ("href", "hreflang"),
    "audio": ("src", "controls", "loop", "muted"),
    "blockquote": ("cite",),
    "col": ("span",),
    "colgroup": ("span",),
    "data": ("value",),
    "del": ("cite", "datetime"),
    "details": ("open",),
    "img": ("src", "srcset", "sizes", "alt", *_SIZE),
    "ins": ("cite", "datetime"),
    "li": ("value",),
    "ol": ("start", "reversed", "type"),
    "q": ("cite",),
    "source": ("src", "srcset", "sizes", "media", "type", *_SIZE),
    "td": _CELL,
    "th": (*_CELL, "scope", "abbr"),
    "time": ("datetime",),
    "video": ("src", "controls", "loop", "muted", "poster", *_SIZE),
}

VOID = _names("br col hr img source wbr")

# Elements of other times and of whole pages, and what says the same today.
RENAMED = {
    "acronym": "abbr",
    "big": "span",
    "body": "div",
    "center": "div",
    "dialog": "div",
    "dir": "ul",
    "fieldset": "div",
    "form": "div",
    "image": "img",
    "legend": "p",
    "listing": "pre",
    "main": "div",
    "menu": "ul",
    "search": "div",
    "strike": "s",
    "tt": "code",
}

# Their content goes with them. Of the raw ones (HTML Standard, 13.2.5.1) the parser reads no
# markup up to the end tag, nor, where that is missing, up to the end of the document.
RAW = _names("iframe noembed noframes script style textarea title xmp")
DROPPED = RAW | _names("button datalist math select svg template")

# A start tag of these ends an open paragraph (HTML Standard, 13.2.6.4.7).
BLOCKS = _names(
    "address article aside blockquote dd details div dl dt figcaption figure footer h1 h2 h3 h4 "
    "h5 h6 header hgroup hr li nav ol p pre section summary table ul"
)
HEADINGS = _names("h1 h2 h3 h4 h5 h6")
TABLE_PARTS = _names("caption col colgroup tbody td tfoot th thead tr")
SCOPES = _names("caption table td th")

_SECTIONS = frozenset({"tbody", "tfoot", "thead"})
_TABLE = frozenset({"table"})

# Start tag -> the open elements it ends, and those beyond which it does not look.
ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "a": (frozenset({"a"}), SCOPES),
    "caption": (_SECTIONS | {"caption", "colgroup"}, _TABLE),
    "colgroup": (_SECTIONS | {"caption", "colgroup"}, _TABLE),
    "dd": (frozenset({"dd", "dt"}), SCOPES | {"dl"}),
    "dt": (frozenset({"dd", "dt"}), SCOPES | {"dl"}),
    "li": (frozenset({"li"}), SCOPES | {"ol", "ul"}),
    "td": (frozenset({"td", "th", "caption", "colgroup"}), _TABLE | {"tr"}),
    "th": (frozenset({"td", "th", "caption", "colgroup"}), _TABLE | {"tr"}),
    "tr": (frozenset({"tr", "caption", "colgroup"}), _TABLE),
    **dict.fromkeys(_SECTIONS, (_SECTIONS | {"caption", "colgroup"}, _TABLE)),
}
