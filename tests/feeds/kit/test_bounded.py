"""A cache never outgrows its bound, and keeps what was used last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feeds.kit.bounded import Bounded


def test_what_was_used_last_stays() -> None:
    cache: Bounded[str, str] = Bounded(10)
    cache.put("a", "A", 5)
    cache.put("b", "B", 5)
    assert cache.get("a") == "A"
    cache.put("c", "C", 1)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C")


def test_what_is_too_heavy_is_not_kept_and_takes_the_place_of_nothing() -> None:
    cache: Bounded[str, str] = Bounded(10)
    cache.put("a", "A", 5)
    cache.put("b", "B", 11)
    assert (cache.get("a"), cache.get("b")) == ("A", None)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))))
def test_the_weight_is_that_of_what_is_there(puts: list[tuple[int, int]]) -> None:
    cache: Bounded[int, int] = Bounded(20)
    for key, weight in puts:
        cache.put(key, weight, weight)
        kept = [found for key in range(6) if (found := cache.get(key)) is not None]
        assert 20 - cache.room == sum(kept)
        assert cache.room >= 0
        assert len(cache) == len(kept)
