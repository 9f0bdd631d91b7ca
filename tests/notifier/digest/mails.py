"""The built-in digest as readers get it, in every language that it speaks, to be looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from feeds import Author, Date, Entry, Query, Site
from notifier.digest.compose import Composed, Composer
from notifier.digest.placeholder import TOKEN
from notifier.digest.spec import Topic
from tests.notifier.digest.builders import MONDAY, a_request, an_entry

SITE = Site(
    name="Riverside Courier",
    url="https://news.example.org",
    description="News from both banks of the river",
)
PICTURE = "https://news.example.org/picture.jpg"

# For each language: three titles, a section, a sentence, a name.
WORDS = {
    "en": (
        ("The mill that learned to lend", "Council votes for the footbridge", "Night ferry kept"),
        "Culture",
        "Tools, tables and a kiln are now lent out like books from the old mill.",
        "A Writer",
    ),
    "de": (
        ("Die Mühle, die das Verleihen lernte", "Rat stimmt für den Steg", "Nachtfähre bleibt"),
        "Kultur",
        "Werkzeug, Tische und ein Brennofen werden in der alten Mühle verliehen wie Bücher.",
        "Eine Schreiberin",
    ),
    "fr": (
        ("Le moulin qui apprit à prêter", "Le conseil vote la passerelle", "Le bac de nuit reste"),
        "Culture",
        "Outils, tables et four se prêtent désormais comme des livres au vieux moulin.",
        "Une plume",
    ),
    "es": (
        ("El molino que aprendió a prestar", "El concejo aprueba la pasarela", "Sigue la barca"),
        "Cultura",
        "Herramientas, mesas y un horno se prestan ahora como libros en el viejo molino.",
        "Una pluma",
    ),
    "ar": (
        ("الطاحونة التي تعلّمت الإعارة", "المجلس يوافق على الجسر", "عبّارة الليل باقية"),
        "ثقافة",
        "تُعار الأدوات والطاولات وفرن الفخار اليوم من الطاحونة القديمة كما تُعار الكتب.",
        "كاتبة",
    ),
    "ko": (
        ("빌려주는 법을 배운 방앗간", "시의회, 보행교 의결", "야간 나룻배, 한 겨울 더"),
        "문화",
        "옛 방앗간에서 이제 연장과 탁자와 가마를 책처럼 빌려준다.",
        "글쓴이",
    ),
}


def entries(language: str) -> list[Entry]:
    """Return nine stories: with and without picture, author, summary, section and language."""
    titles, section, sentence, name = WORDS[language]
    other = "ar" if language != "ar" else "en"
    early = Date(datetime(2026, 11, 23, 5, 10, tzinfo=UTC))
    day = Date(datetime(2026, 11, 22, tzinfo=UTC), day_only=True)
    text = " ".join([sentence] * 3)
    by = [Author(name=name)]
    return [
        an_entry(
            1,
            title=titles[0],
            text="\n\n".join([text] * 3),
            summary=sentence + " 2026.",
            image=PICTURE,
            authors=by,
            tags=["region"],
            published=early,
        ),
        an_entry(2, title=titles[1], text=text, section=section, authors=by, published=day),
        an_entry(3, title=titles[2], text=text, section=section, image=PICTURE, published=early),
        an_entry(
            4, title=WORDS[other][0][0], text=WORDS[other][2], section=section, language=other
        ),
        an_entry(5, title=titles[1], text=text, tags=["region"], image=PICTURE, published=day),
        an_entry(6, title=titles[2], text=text, publication="Harbour Gazette", published=early),
        an_entry(7, title="w" * 300, text="v" * 900, published=None),
        an_entry(8, title=titles[0], text=text),
        an_entry(9, title=titles[1], text=text),
    ]


def mail(language: str) -> Composed:
    """Return an issue with everything an issue can have."""
    region = Topic(name="region", title=WORDS[language][1] + " 2", select=Query(tags=("region",)))
    return Composer(None, SITE).compose(
        a_request(
            entries(language),
            language=language,
            maximum=8,
            topics={"region": region},
            span=(MONDAY - timedelta(days=3), MONDAY),
        )
    )


def filled(text: str) -> str:
    """Return `text` as one reader gets it."""
    values = {"name": "A Reader", "email": "reader@readers.example"}
    return TOKEN.sub(lambda t: values.get(t[1], "https://news.example.org/u/token"), text)
