"""Replies are read whole, however their octets arrive."""

from __future__ import annotations

from collections import deque
from itertools import chain, pairwise, repeat

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
    reader = ReplyReader()
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in pairwise(edges)]
    assert [reply for piece in pieces for reply in reader.feed(piece)] == REPLIES
    assert reader.idle


@given(st.binary(max_size=200))
def test_any_octets_are_a_reply_or_silence(data: bytes) -> None:
    try:
        replies = list(ReplyReader().feed(data))
    except Silence:
        return
    assert all(200 <= reply.code <= 599 for reply in replies)


@pytest.mark.parametrize("line", [b"\r\n", b"25 ok\r\n", b"999 x\r\n", b"250x\r\n", b"hello\r\n"])
def test_what_is_no_reply_is_silence(line: bytes) -> None:
    with pytest.raises(Silence):
        list(ReplyReader().feed(line))


@pytest.mark.parametrize("piece", [b"250-and\r\n", b"2"])
def test_an_endless_reply_is_silence(piece: bytes) -> None:
    reader = ReplyReader()
    with pytest.raises(Silence, match="no end"):
        deque(chain.from_iterable(map(reader.feed, repeat(piece, 50_000))), maxlen=0)


def test_controls_in_a_servers_words_are_not_passed_on() -> None:
    replies = list(ReplyReader().feed(b"550 a\x1b[31mb\x00\xff\r\n"))
    assert replies == [Reply(550, "a?[31mb?\ufffd")]


def test_replies_before_nonsense_count() -> None:
    reader = ReplyReader().feed(b"250 one\r\nnonsense\r\n")
    assert next(reader) == Reply(250, "one")
    with pytest.raises(Silence):
        next(reader)
