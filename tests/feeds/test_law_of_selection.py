"""A selection admits what it says, however the words of article and selection are written."""

from __future__ import annotations

import unicodedata
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from feeds import Query
from feeds.kit.folding import Folding
from feeds.kit.text import normalise, normalised_name, normalised_phrase
from feeds.selections import Selections
from tests.feeds.builders import an_article
from tests.feeds.spellings import a_known, a_wanted
from tests.laws import law

SEEDS = st.integers(0, 2**32)
MIXED = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("aßİıŁŞç\u0301\u0345\u093eกที東かﾊﾟ-’ʼ\u00ad 👩"),
    ),
    max_size=30,
)


@law(30)
@given(SEEDS)
def test_a_selection_admits_what_its_words_say(seed: int) -> None:
    random = Random(seed)
    articles = [a_known(random, number) for number in range(12)]
    for _ in range(25):
        wanted = a_wanted(random)
        for known in articles:
            said = wanted.query.admits(known.article)
            assert said == wanted.admits(known), (wanted.query, known)


@law(20)
@given(SEEDS)
def test_selections_asked_together_admit_what_each_of_them_does(seed: int) -> None:
    random = Random(seed)
    queries = {number: a_wanted(random).query for number in range(60)}
    together = Selections(queries)
    for number in range(8):
        article = a_known(random, number).article
        each = [name for name, query in queries.items() if query.admits(article)]
        assert together.admitting(article) == each


@given(MIXED)
def test_what_is_normalised_stays_as_it_is_in_whatever_case_and_composition(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    for form in ("NFC", "NFD"):
        assert normalise(unicodedata.normalize(form, text)) == once
    for written in (text.upper(), text.lower(), text.swapcase(), text.casefold()):
        assert normalise(written) == once
    assert normalised_name(text) == normalised_name(text.upper())
    assert not set("\n\r\x00") & set(once + normalised_name(text))


@given(MIXED, MIXED, MIXED)
def test_a_phrase_is_found_between_spaces_in_whatever_stands_around_it(
    before: str, phrase: str, after: str
) -> None:
    looked_for = normalised_phrase(phrase)
    assert looked_for in normalise(f"{before} {phrase} {after}")


def test_a_phrase_does_not_go_on_from_the_title_into_the_text() -> None:
    article = an_article(title="All along the river", text="Crossing it is free.")
    assert not Query(words=("river crossing",)).admits(article)
    assert Query(words=("the RIVER",)).admits(article)


def test_names_without_a_letter_are_themselves() -> None:
    article = an_article(tags=("🎉",))
    assert Query(tags=("🎉",)).admits(article)
    assert not Query(tags=("🚀", "!", "", " ")).admits(article)


def test_a_text_of_all_characters_does_not_fill_the_memory() -> None:
    table = Folding()
    "".join(map(chr, range(0x3400, 0x3400 + 21_000))).translate(table)
    assert len(table) == 20_000


def test_what_can_never_be_found_admits_nothing() -> None:
    assert not Query(words=("!", "🎉", "")).admits(an_article(text="Hooray! 🎉"))
    assert not Query(tags=("",)).admits(an_article(tags=()))
