"""The law of windows can be broken: each way in which windows may not tile is seen."""

from __future__ import annotations

from dataclasses import replace

from tests.notifier.model.tiles import Stand, Tiles, Window

FIRST = Window(issue=1, reader="ada", after=0, upto=3, first=1, state="accepted")
SECOND = Window(issue=2, reader="ada", after=3, upto=6, first=4, state="accepted")
BEGINNING = Stand(id=1, reader="ada", digest="morning", place=0, windows=())
SERVED = replace(BEGINNING, place=3, windows=(FIRST,))
AGAIN = replace(SERVED, place=6, windows=(FIRST, SECOND))


def seen(*steps: Stand, owed: range = range(1, 7), arrived: int = 6) -> list[str]:
    """Return what is wrong with the last step, after those before, all of which are fine."""
    tiles = Tiles()

    def owes(reader: str, digest: str, arrival: int) -> bool:
        return arrival in owed

    *before, last = steps
    for step in before:
        assert tiles.broken_laws([step], owes, arrived) == []
    return tiles.broken_laws([last], owes, arrived)


def test_windows_that_follow_one_another_tile() -> None:
    assert seen(BEGINNING, SERVED, AGAIN) == []


def test_a_window_that_begins_late_leaves_a_gap() -> None:
    late = replace(AGAIN, windows=(FIRST, replace(SECOND, after=4, first=5)))
    [wrong] = seen(BEGINNING, SERVED, late)
    assert "no window has 4, which is owed" in wrong
    assert seen(BEGINNING, SERVED, late, owed=range(5, 7)) == []


def test_a_place_past_the_last_window_leaves_a_gap() -> None:
    [wrong] = seen(BEGINNING, replace(SERVED, place=4))
    assert "no window has 4, which is owed" in wrong


def test_a_place_beyond_what_has_arrived_would_pass_over_what_comes_next() -> None:
    [wrong] = seen(BEGINNING, replace(SERVED, place=4), owed=range(1, 4), arrived=3)
    assert "4 is beyond the last arrival 3" in wrong
    [wrong] = seen(
        BEGINNING, replace(SERVED, windows=(replace(FIRST, upto=4),), place=3), arrived=3
    )
    assert "4 is beyond" in wrong


def test_a_window_that_begins_early_overlaps() -> None:
    early = replace(AGAIN, windows=(FIRST, replace(SECOND, after=2, first=3)))
    [wrong] = seen(BEGINNING, SERVED, early)
    assert "overlaps" in wrong


def test_a_place_goes_back_only_for_what_was_given_back() -> None:
    [wrong] = seen(BEGINNING, SERVED, replace(SERVED, place=0))
    assert "back from 3" in wrong
    expired = replace(SERVED, place=0, windows=(replace(FIRST, state="expired"),))
    assert seen(BEGINNING, SERVED, expired, owed=range(0)) == []
