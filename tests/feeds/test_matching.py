"""Why a selection admits or refuses: agrees with the selection, and names keys that are there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feeds import Article, Query, Reason, judge, selection_paths
from tests.feeds.builders import an_article
from tests.laws import law

names = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2).map(tuple)
flat = st.builds(Query, sections=names, tags=names, languages=names, words=names)
queries = st.recursive(
    flat,
    lambda inner: st.builds(
        Query,
        tags=names,
        words=names,
        exclude=st.none() | inner,
        any=st.lists(inner, max_size=2).map(tuple),
    ),
    max_leaves=4,
)
articles = st.builds(
    lambda tags, section, language, text: an_article(
        tags=tags, section=section, language=language, text=text
    ),
    names,
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["a c", "b", "nothing"]),
)


def at(query: Query, path: tuple[str | int, ...]) -> object:
    """What stands at `path` of a selection."""
    found: object = query
    for step in path:
        if isinstance(step, int):
            assert isinstance(found, tuple)
            found = found[step]
        else:
            found = getattr(found, "exclude" if step == "not" else step)
    return found


def every(reasons: tuple[Reason, ...]) -> list[Reason]:
    return [one for reason in reasons for one in (reason, *every(reason.because))]


@law(60)
@given(queries, articles)
def test_the_verdict_is_that_of_the_selection_and_its_reasons_are_in_it(
    query: Query, article: Article
) -> None:
    verdict = judge(query, article)
    assert verdict.admits == query.admits(article)
    assert all(reason.admits == verdict.admits for reason in verdict.reasons)
    assert verdict.reasons or query == Query()
    known = set(selection_paths(query))
    for reason in every(verdict.reasons):
        assert reason.path in known
        if reason.admits and reason.wanted:
            assert at(query, reason.path) == reason.wanted


def test_what_is_refused_says_what_was_wanted_and_what_is_there() -> None:
    article = an_article(tags=("town",), section="news")
    verdict = judge(Query(tags=("sport", "chess"), sections=("news",)), article)
    [reason] = verdict.reasons
    assert (reason.path, reason.wanted, reason.found) == (("tags",), "sport, chess", "town")


def test_what_is_excluded_says_by_which_value() -> None:
    article = an_article(tags=("town", "sport"))
    verdict = judge(Query(tags=("town",), exclude=Query(tags=("sport",))), article)
    [reason] = verdict.reasons
    assert reason.path == ("not",)
    assert [inner.path for inner in reason.because] == [("not", "tags", 0)]
