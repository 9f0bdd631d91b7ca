"""Strides: transactions as long as others may wait, on whatever machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feeds.kit.strides import Stride, resized

WISHED = 0.02
LEAST, MOST = 100, 4000
sizes = st.integers(LEAST, MOST)


@given(size=sizes, row=st.floats(1e-7, 1e-2))
def test_transactions_come_to_take_what_is_wished_for(size: int, row: float) -> None:
    stride = Stride(size, LEAST, MOST)
    for _ in range(20):
        stride.took(stride.size * row, WISHED)
    fits = WISHED / row
    assert stride.size == max(LEAST, min(MOST, int(fits))) or abs(stride.size - fits) <= 1


@given(size=sizes, seconds=st.floats(WISHED, 60))
def test_what_took_too_long_is_cut_at_once(size: int, seconds: float) -> None:
    after = resized(size, seconds, WISHED, least=LEAST, most=MOST)
    assert after == LEAST or after * seconds / size <= WISHED * 1.0001


@given(size=sizes, seconds=st.floats(0, 60))
def test_a_stride_never_grows_by_more_than_half(size: int, seconds: float) -> None:
    assert (
        LEAST
        <= resized(size, seconds, WISHED, least=LEAST, most=MOST)
        <= max(LEAST, size + size // 2)
    )
