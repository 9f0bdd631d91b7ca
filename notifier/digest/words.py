"""The fixed words of a digest, by language; what a language lacks is said in English. Pure.

`{name}` in a phrase is filled by `phrase`; nothing else in it has a meaning. A plural is a family
of keys, `more_one` to `more_other`, one for each category that the language has (CLDR). An operator
adds languages, or says single phrases in another way; what they wrote wrong is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

Catalogue = Mapping[str, str]
Catalogues = Mapping[str, Catalogue]  # by language tag in lower case (BCP 47)

ENGLISH = "en"
PLURAL = "more"  # the one family of plurals
CATEGORIES = ("zero", "one", "two", "few", "many", "other")  # CLDR, plural rules

CATALOGUES: Catalogues = {
    "en": {
        "by": "By {names}",
        "read_on": "Read the article",
        "other_news": "More news",
        "picture": "Picture: {title}",
        "span": "This issue covers {span}.",
        "more_one": "and {count} more article",
        "more_other": "and {count} more articles",
        "whole_issue": "Read the whole issue on the web",
        "why": "You receive “{digest}” because {email} is subscribed to it.",
        "on_the_web": "Read this issue on the web",
        "unsubscribe": "Unsubscribe",
    },
    "de": {
        "by": "Von {names}",
        "read_on": "Artikel lesen",
        "other_news": "Weitere Meldungen",
        "picture": "Bild: {title}",
        "span": "Diese Ausgabe umfasst {span}.",
        "more_one": "und {count} weiterer Artikel",
        "more_other": "und {count} weitere Artikel",
        "whole_issue": "Die ganze Ausgabe im Netz lesen",
        "why": "Sie erhalten „{digest}“, weil {email} dafür angemeldet ist.",
        "on_the_web": "Diese Ausgabe im Netz lesen",
        "unsubscribe": "Abbestellen",
    },
    "fr": {
        "by": "Par {names}",
        "read_on": "Lire l’article",
        "other_news": "Autres nouvelles",
        "picture": "Image : {title}",
        "span": "Ce numéro couvre la période : {span}.",
        "more_one": "et {count} autre article",
        "more_other": "et {count} autres articles",
        "whole_issue": "Lire le numéro complet en ligne",
        "why": "Vous recevez « {digest} » parce que {email} y est abonné.",
        "on_the_web": "Lire ce numéro en ligne",
        "unsubscribe": "Se désabonner",
    },
    "es": {
        "by": "Por {names}",
        "read_on": "Leer el artículo",
        "other_news": "Más noticias",
        "picture": "Imagen: {title}",
        "span": "Este número abarca: {span}.",
        "more_one": "y {count} artículo más",
        "more_other": "y {count} artículos más",
        "whole_issue": "Leer el número completo en la web",
        "why": "Recibe «{digest}» porque {email} está suscrito.",
        "on_the_web": "Leer este número en la web",
        "unsubscribe": "Darse de baja",
    },
    "ar": {
        "by": "بقلم {names}",
        "read_on": "اقرأ المقال",
        "other_news": "أخبار أخرى",
        "picture": "صورة: {title}",
        "span": "يغطي هذا العدد الفترة: {span}.",
        "more_one": "ومقال آخر",
        "more_two": "ومقالان آخران",
        "more_few": "و{count} مقالات أخرى",
        "more_many": "و{count} مقالًا آخر",
        "more_other": "و{count} مقال آخر",
        "whole_issue": "اقرأ العدد كاملًا على الويب",
        "why": "تصلك «{digest}» لأن العنوان {email} مشترك فيها.",
        "on_the_web": "اقرأ هذا العدد على الويب",
        "unsubscribe": "إلغاء الاشتراك",
    },
    "ko": {
        "by": "글 {names}",
        "read_on": "기사 읽기",
        "other_news": "다른 소식",
        "picture": "사진: {title}",
        "span": "이번 호에 실린 기간: {span}",
        "more_other": "외 기사 {count}건",
        "whole_issue": "웹에서 이번 호 전체 읽기",
        "why": "{email} 주소로 구독하셔서 ‘{digest}’ 소식을 보내 드립니다.",
        "on_the_web": "웹에서 이번 호 읽기",
        "unsubscribe": "구독 해지",
    },
}


KEYS = tuple(
    dict.fromkeys([*CATALOGUES[ENGLISH], *(f"{PLURAL}_{category}" for category in CATEGORIES)])
)

_PLACE = re.compile(r"{(\w+)}")


def words(language: str, own: Catalogues = MappingProxyType({})) -> Catalogue:
    """Return the catalogue of `language` (BCP 47), completed from its primary tag and English.

    Whatever is in `own` goes before what is said here for the same language.
    """
    tag = language.lower()
    merged: dict[str, str] = {}
    for candidate in dict.fromkeys((ENGLISH, tag.split("-")[0], tag)):
        merged |= CATALOGUES.get(candidate, {})
        merged |= own.get(candidate, {})
    return MappingProxyType(merged)


def places_of(key: str) -> tuple[str, ...]:
    """Return the names in braces that the phrase `key` may hold; raises KeyError."""
    english = CATALOGUES[ENGLISH]
    return tuple(_PLACE.findall(english.get(key) or english[f"{key.partition('_')[0]}_other"]))


def flaws(key: str, text: str) -> tuple[str, ...]:
    """Return what is wrong with `text` as the phrase `key`, one of KEYS.

    Of a plural only `other` must show the count: a language may have words for one and two.
    """
    known, found = places_of(key), _PLACE.findall(text)
    counted_in_words = key.startswith(f"{PLURAL}_") and not key.endswith("_other")
    missing = [] if counted_in_words else [name for name in known if name not in found]
    strange = [name for name in dict.fromkeys(found) if name not in known]
    allowed = "; known: " + ", ".join(f"`{{{name}}}`" for name in known) if known else ""
    return (
        *(f"`{{{name}}}` is missing" for name in missing),
        *(f"`{{{name}}}` is not filled in here{allowed}" for name in strange),
    )


def phrase(text: str, **values: str) -> str:
    """Return `text` with each `{name}` replaced by its value; values are not looked into again."""
    pieces = text.split("{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        filled.append(values[name] + rest if closed and name in values else "{" + piece)
    return "".join(filled)


def counted(catalogue: Catalogue, key: str, category: str, count: str) -> str:
    """Return the phrase `key` for the plural `category`, with `count` as it is written."""
    text = catalogue.get(f"{key}_{category}") or catalogue[f"{key}_other"]
    return phrase(text, count=count)
