"""Replies are read whole, however their octets arrive."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from itertools import pairwise, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.delivery.wire import Reply, ReplyReader, Silence
from tests.laws import law

STREAM = b"250-one\r\n250-\r\n250 two\r\n354\r\n550-5.1.1 bare\n550 5.1.1 line ends\n"
REPLIES = [Reply(250, "one\n\ntwo"), Reply(354, ""), Reply(550, "5.1.1 bare\n5.1.1 line ends")]


@law(40)
@given(st.sets(st.integers(0, len(STREAM)), max_size=8))
def test_a_reply_is_the_same_in_whatever_pieces_it_comes(cuts: set[int]) -> None:
    reader, replies = ReplyReader(), deque[Reply]()
    edges = [0, *sorted(cuts), len(STREAM)]
    for a, b in pairwise(edges):
        reader.feed(STREAM[a:b], replies)
    assert [*replies] == REPLIES
    assert reader.idle


@given(st.binary(max_size=200))
def test_any_octets_are_a_reply_or_silence(data: bytes) -> None:
    replies = deque[Reply]()
    with suppress(Silence):
        ReplyReader().feed(data, replies)
    assert all(200 <= reply.code <= 599 for reply in replies)


@pytest.mark.parametrize("line", [b"\r\n", b"25 ok\r\n", b"999 x\r\n", b"250x\r\n", b"hello\r\n"])
def test_what_is_no_reply_is_silence(line: bytes) -> None:
    with pytest.raises(Silence):
        ReplyReader().feed(line, deque())


@pytest.mark.parametrize("piece", [b"250-and\r\n", b"2"])
def test_an_endless_reply_is_silence(piece: bytes) -> None:
    reader = ReplyReader()
    with pytest.raises(Silence, match="no end"):
        deque(map(reader.feed, repeat(piece, 50_000), repeat(deque[Reply]())), maxlen=0)


def test_controls_in_a_servers_words_are_not_passed_on() -> None:
    replies = deque[Reply]()
    ReplyReader().feed(b"550 a\x1b[31mb\x00\xff\r\n", replies)
    assert [*replies] == [Reply(550, "a?[31mb?\ufffd")]


def test_replies_before_nonsense_count() -> None:
    replies = deque[Reply]()
    with pytest.raises(Silence):
        ReplyReader().feed(b"250 one\r\nnonsense\r\n", replies)
    assert [*replies] == [Reply(250, "one")]


def test_a_long_line_behind_a_whole_reply_costs_that_nothing() -> None:
    reader, replies = ReplyReader(), deque[Reply]()
    reader.feed(b"250-Ok\r\n250 queued\r\n250 " + b"x" * 32_760, replies)
    assert [*replies] == [Reply(250, "Ok\nqueued")]
    with pytest.raises(Silence, match="no end"):
        reader.feed(b"x" * 10, replies)
