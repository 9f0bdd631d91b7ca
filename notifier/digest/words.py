"""The fixed words of a digest, by language; what a language lacks is said in English. Pure.

`{name}` in a phrase is filled by `phrase`; nothing else in it has a meaning. A plural is a family
of keys, `more_one` to `more_other`, one for each category that the language has (CLDR).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

ENGLISH = "en"

CATALOGUES: Mapping[str, Mapping[str, str]] = {
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
        "unsubscribe": "구독 해지",
    },
}


@lru_cache(maxsize=64)
def words(language: str) -> Mapping[str, str]:
    """Return the catalogue of `language` (BCP 47), completed from its primary tag and English."""
    tag = language.lower()
    merged = dict(CATALOGUES[ENGLISH])
    for candidate in (tag.split("-")[0], tag):
        merged.update(CATALOGUES.get(candidate, {}))
    return MappingProxyType(merged)


def phrase(text: str, **values: str) -> str:
    """Return `text` with each `{name}` replaced by its value; values are not looked into again."""
    pieces = text.split("{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        filled.append(values[name] + rest if closed and name in values else "{" + piece)
    return "".join(filled)


def counted(catalogue: Mapping[str, str], key: str, category: str, count: str) -> str:
    """Return the phrase `key` for the plural `category`, with `count` as it is written."""
    text = catalogue.get(f"{key}_{category}") or catalogue[f"{key}_other"]
    return phrase(text, count=count)
