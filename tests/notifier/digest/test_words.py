import re

import pytest

from notifier.digest.words import CATALOGUES, ENGLISH, counted, phrase, words


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_catalogue_is_complete_and_has_the_same_places(language: str) -> None:
    for key, english in CATALOGUES[ENGLISH].items():
        if not key.startswith("more_"):
            own = CATALOGUES[language][key]
            assert sorted(re.findall(r"{\w+}", own)) == sorted(re.findall(r"{\w+}", english)), key
    assert "{count}" in CATALOGUES[language]["more_other"]


def test_an_unknown_language_is_said_in_english() -> None:
    assert words("tlh")["unsubscribe"] == "Unsubscribe"


def test_a_region_uses_the_words_of_its_language() -> None:
    assert words("de-AT")["unsubscribe"] == "Abbestellen"


def test_values_are_not_looked_into_again() -> None:
    assert phrase("{a} and {b}", a="{b}", b="{a}") == "{b} and {a}"
    assert phrase("{unknown} {") == "{unknown} {"


def test_a_count_takes_the_plural_that_there_is() -> None:
    assert counted(words("en"), "more", "one", "1") == "and 1 more article"
    assert counted(words("ko"), "more", "other", "3") == "외 기사 3건"
    assert counted(words("ar"), "more", "two", "2") == "ومقالان آخران"
