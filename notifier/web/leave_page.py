"""The page for leaving: what the reader gets or got, and the buttons that change it. Pure.

HTML in the reader's language, without script; whatever is not ours is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from feeds import Site
from feeds.kit.dates import listing
from feeds.kit.language import direction
from notifier.digest.catalogues import Catalogue
from notifier.digest.words import phrase

LEAVE, LEAVE_ALL, UNDO = "leave", "all", "undo"  # what the buttons ask for


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page says: the reader's address and language, and titles of digests.

    `digests` begin with that of the link, after which come those that were left with it; `others`
    are those that the reader still gets. `gone` tells that they have left.
    """

    reader: str
    language: str
    digests: tuple[str, ...]
    others: tuple[str, ...]
    gone: bool


_STYLE = """
:root{color-scheme:light dark;--paper:#fdfcfa;--ink:#1c1b19;--faint:#5c5850;--line:#8a857b}
@media (prefers-color-scheme:dark){
:root{--paper:#171614;--ink:#efece6;--faint:#b3ada2;--line:#7b766c}}
body{margin:0;background:var(--paper);color:var(--ink);font:1.125rem/1.55 Georgia,serif}
main{max-width:32rem;margin:0 auto;padding:clamp(2rem,12vh,7rem) 1.25rem 3rem}
h1{margin:0 0 1.5rem;font-size:1.05rem;font-weight:normal;color:var(--faint)}
p{margin:0 0 1.25rem;overflow-wrap:anywhere}.says{font-size:1.35rem;line-height:1.4}
form{display:flex;flex-wrap:wrap;gap:.75rem;margin:0 0 2rem}
button{font:inherit;min-height:3rem;padding:.5rem 1.4rem;border-radius:.35rem;cursor:pointer;
border:1px solid var(--ink);background:var(--ink);color:var(--paper)}
button.second{background:transparent;color:var(--ink);border-color:var(--line)}
button:focus-visible{outline:3px solid var(--line);outline-offset:3px}
.also{color:var(--faint)}
"""


def leave_page(site: Site, shown: Shown, phrases: Catalogue, language: str) -> str:
    """Return the page with `phrases`, which are in `language`."""
    digest, name = escape(shown.digests[0]), escape(site.name)
    said = phrase(
        escape(phrases["left" if shown.gone else "receives"]),
        email=f"<bdi>{escape(shown.reader)}</bdi>",
        digests=_titles(shown.digests, language),
    )
    return f"""<!doctype html>
<html lang="{escape(language)}" dir="{direction(language)}"><head><meta charset="utf-8">
<title>{digest} — {name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{_STYLE}</style></head>
<body><main><h1><bdi>{name}</bdi></h1>
<p class="says" role="status">{said}</p>
<form method="post">{_buttons(shown, phrases)}</form>
{_also(shown, phrases, language)}</main></body></html>
"""


def _titles(titles: Sequence[str], language: str) -> str:
    return listing([f"<b><bdi>{escape(title)}</bdi></b>" for title in titles], language)


def _buttons(shown: Shown, phrases: Catalogue) -> str:
    wish, key = (UNDO, "take_back") if shown.gone else (LEAVE, "unsubscribe")
    buttons = [f'<button name="wish" value="{wish}">{escape(phrases[key])}</button>']
    if shown.others:
        words = escape(phrases["leave_others" if shown.gone else "leave_all"])
        buttons.append(f'<button class="second" name="wish" value="{LEAVE_ALL}">{words}</button>')
    return "\n".join(buttons)


def _also(shown: Shown, phrases: Catalogue, language: str) -> str:
    if not shown.others:
        return ""
    titles = _titles(shown.others, language)
    said = phrase(escape(phrases["still" if shown.gone else "also"]), digests=titles)
    return f'<p class="also">{said}</p>\n'
