"""Text that nobody takes for something else, letter for letter what it was to the eye. Pure.

Articles are clean at birth. What is left are letters that readers and validators suspect: the
replacement character, UTF-8 that was read as Latin-1 (and an article may be about just that), an
end tag in a title. HTML has character references for them; plain text gets a word joiner (U+2060),
which is not seen and parts no words.
"""

from __future__ import annotations

import re

JOINER = "\u2060"

_REPLACEMENT = "\ufffd"
_DOUBLED = re.compile("(?<=[\u00c2\u00c3])[\u0080-\u00bf]")
_END_TAG = re.compile(r"<(/\w+>)")
_IMAGE = re.compile(r'(<img src="[^"]*")((?: [a-z]+="[^"]*")+)', re.IGNORECASE)
_SOURCE = re.compile("(src)=", re.IGNORECASE)
_LONG = 2000  # characters; a part of a longer text may look doubled where the whole does not


def plain(text: str) -> str:
    """Return plain `text`, such as a summary, without what looks like a wrong encoding."""
    text = text.replace(_REPLACEMENT, "?")
    if _DOUBLED.search(text) and _looks_doubled(text):
        return _DOUBLED.sub(JOINER + r"\g<0>", text)
    return text


def title(text: str) -> str:
    """Return a plain title or name without what looks like an end tag, too.

    Those who read it as HTML show what they are not given as a tag.
    """
    return _END_TAG.sub(f"<{JOINER}\\1", plain(text))


def markup(html: str) -> str:
    """Return sanitised `html`, the same document, without letters that are suspect.

    Nor with a `src=` in the words of an image, which is searched for with regular expressions.
    """
    html = html.replace(_REPLACEMENT, "?")
    html = _DOUBLED.sub(lambda letter: f"&#{ord(letter[0])};", html)
    return _IMAGE.sub(lambda tag: tag[1] + _IN_VALUE.sub(_hidden, tag[2]), html)


_IN_VALUE = re.compile('"[^"]*"')


def _hidden(value: re.Match[str]) -> str:
    return _SOURCE.sub(r"\1&#61;", value[0])


def _looks_doubled(text: str) -> bool:
    """Tell whether all of `text` could be UTF-8 that was read as Latin-1."""
    if len(text) > _LONG:
        return True
    try:
        text.encode("latin-1").decode()
    except ValueError:
        return False
    return True
