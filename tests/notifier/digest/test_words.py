import re
from pathlib import Path

import pytest

from feeds.kit.yaml import load
from notifier.digest.catalogues import CATALOGUES
from notifier.digest.words import (
    ENGLISH,
    KEYS,
    PLURALS,
    counted,
    flaws,
    phrase,
    spoken,
    words,
)


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_catalogue_is_complete_and_has_the_same_places(language: str) -> None:
    for key, english in CATALOGUES[ENGLISH].items():
        if key.partition("_")[0] not in PLURALS:
            own = CATALOGUES[language][key]
            assert sorted(re.findall(r"{\w+}", own)) == sorted(re.findall(r"{\w+}", english)), key
    for family in PLURALS:
        assert "{count}" in CATALOGUES[language][f"{family}_other"]


def test_an_unknown_language_is_said_in_english() -> None:
    assert words("tlh")["unsubscribe"] == "Unsubscribe"


def test_a_region_uses_the_words_of_its_language() -> None:
    assert words("de-AT")["unsubscribe"] == "Abbestellen"


def test_what_is_said_in_english_is_told_to_be_english() -> None:
    assert spoken("de-AT") == "de-AT"
    assert spoken("he") == "en"
    assert spoken("he-IL", {"he": {"unsubscribe": "ביטול"}}) == "he-IL"


def test_values_are_not_looked_into_again() -> None:
    assert phrase("{a} and {b}", a="{b}", b="{a}") == "{b} and {a}"
    assert phrase("{unknown} {") == "{unknown} {"


def test_a_count_takes_the_plural_that_there_is() -> None:
    assert counted(words("en"), "more", "one", "1") == "and 1 more article"
    assert counted(words("ko"), "more", "other", "3") == "외 기사 3건"
    assert counted(words("ar"), "more", "two", "2") == "ومقالان آخران"


@pytest.mark.parametrize("language", CATALOGUES)
def test_no_built_in_phrase_has_a_flaw(language: str) -> None:
    own = CATALOGUES[language]
    assert own.keys() <= set(KEYS)
    assert [key for key, text in own.items() if flaws(key, text)] == []


def test_a_phrase_must_have_the_places_that_are_filled_in_and_no_other() -> None:
    assert flaws("by", "Di {names}") == ()
    assert flaws("by", "Di") == ("`{names}` is missing",)
    assert flaws("by", "Di {names} {date}") == ("`{date}` is not filled in here; known: `{names}`",)
    assert flaws("unsubscribe", "No {email}") == ("`{email}` is not filled in here",)


def test_only_the_last_plural_must_show_its_count() -> None:
    assert flaws("more_one", "e un altro articolo") == ()
    assert flaws("more_few", "e {count} articoli") == ()
    assert flaws("more_other", "e altri articoli") == ("`{count}` is missing",)


def test_an_operators_words_go_before_ours() -> None:
    own = {"de": {"unsubscribe": "Austragen"}, "de-at": {"by": "{names}"}, "en": {"read_on": "On"}}
    assert words("de-AT", own)["unsubscribe"] == "Austragen"
    assert words("de-AT", own)["by"] == "{names}"
    assert words("de", own)["by"] == "Von {names}"
    assert words("tlh", own)["read_on"] == "On"


def test_every_phrase_is_told_and_the_sample_of_another_language_is_in_order() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "templates.md").read_text(encoding="utf-8")
    assert [key for key in KEYS if f"`{key}`" not in docs] == []
    [sample] = re.findall(r"^```yaml\n(.*?)^```$", docs, re.MULTILINE | re.DOTALL)
    italian = load(sample).value
    assert isinstance(italian, dict)
    assert italian.keys() == CATALOGUES[ENGLISH].keys()
    assert [key for key, text in italian.items() if flaws(key, text)] == []
