"""What is said to match nothing matches nothing; and the plain cases are seen."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import Author, Query, can_match
from tests.feeds.builders import an_article
from tests.laws import law

SECTIONS = ("", "sport", "Arts", "SPORT")
TAGS: tuple[tuple[str, ...], ...] = ((), ("river",), ("harbour",), ("river", "Härbour"))
LANGUAGES = ("", "de", "de-AT", "fr")
TEXTS = ("nothing", "the ferry", "a ferry crossing", "the crossing", "ferry. Crossing")
ARTICLES = [
    an_article(section=section, tags=tags, language=language, text=text, authors=authors)
    for section, tags, language, text in product(SECTIONS, TAGS, LANGUAGES, TEXTS)
    for authors in ((), (Author(name="Ada"),))
]


def some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


def queries() -> st.SearchStrategy[Query]:
    keys = {
        "sections": some("sport", "arts", "money"),
        "tags": some("river", "harbour"),
        "authors": some("ada", "ben"),
        "languages": some("de", "de-AT", "fr"),
        "words": some("ferry", "ferry crossing", "crossing", "!"),
    }
    leaves = st.builds(Query, **keys)
    return st.recursive(
        leaves,
        lambda inner: st.builds(
            Query,
            **keys,
            exclude=st.none() | inner,
            any=st.lists(inner, max_size=2).map(tuple),
        ),
        max_leaves=5,
    )


@given(queries())
@law(40, thorough=1500)
def test_what_can_match_nothing_admits_no_article(query: Query) -> None:
    if not can_match(query):
        assert not [article for article in ARTICLES if query.admits(article)]


ANYTHING, SPORT = Query(), Query(sections=("sport",))


@pytest.mark.parametrize(
    "query",
    [
        Query(exclude=ANYTHING),
        Query(sections=("Sport",), exclude=SPORT),
        Query(tags=("a",), exclude=Query(tags=("A", "b"))),
        Query(languages=("de-AT",), exclude=Query(languages=("de",))),
        Query(words=("ferry crossing",), exclude=Query(words=("ferry",))),
        Query(words=("!",)),
        Query(sections=("sport",), any=(Query(sections=("arts",)), Query(sections=("money",)))),
        Query(any=(Query(exclude=ANYTHING),)),
        Query(exclude=Query(exclude=Query(exclude=ANYTHING))),
        Query(any=(SPORT,), exclude=Query(any=(SPORT, Query(tags=("a",))))),
    ],
)
def test_a_selection_that_contradicts_itself_is_seen(query: Query) -> None:
    assert not can_match(query)


@pytest.mark.parametrize(
    "query",
    [
        ANYTHING,
        SPORT,
        Query(tags=("a", "b"), exclude=Query(tags=("b",))),
        Query(tags=("a",), any=(Query(tags=("b",)),)),
        Query(languages=("de",), exclude=Query(languages=("de-AT",))),
        Query(words=("ferry",), exclude=Query(words=("ferry crossing",))),
        Query(sections=("sport",), any=(Query(sections=("arts",)), SPORT)),
        Query(exclude=Query(exclude=SPORT)),
        Query(sections=("sport", "arts"), exclude=SPORT),
    ],
)
def test_a_selection_that_makes_sense_is_left_alone(query: Query) -> None:
    assert can_match(query)


def test_large_and_deep_selections_are_not_looked_at_for_ever() -> None:
    many = tuple(Query(tags=(f"t{n}",), sections=(f"s{n}", "s")) for n in range(400))
    assert can_match(Query(any=many, exclude=Query(any=many)))
    deep = SPORT
    for number in range(400):
        deep = Query(exclude=deep, tags=(f"t{number}",))
    assert can_match(deep)
