"""What one connection has in hand while it streams: begun, marked or withheld, and answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from notifier.delivery.delivery import Answer, Letter
from notifier.mailing.supply import Piece
from notifier.settings import DkimProfile


class Round(Protocol):
    """What the hands of all connections share."""

    def begin(self, profile: DkimProfile | None) -> tuple[Piece, Letter] | None:
        """Return the next piece with its letter, where there is one that takes no wait."""

    def have_started(
        self, piece: Piece, told: Callable[[bool], None], failed: Callable[[Exception], None]
    ) -> None:
        """Have a piece marked as being sent."""

    def record(self, piece: Piece, answer: Answer, *, started: bool) -> None:
        """Note what became of a piece that was marked, or had not `started`."""

    def end(self, piece: Piece) -> None:
        """Note that nothing more is to be done about a piece."""


class Hand:
    """Work for one stream (see `stream.Work`); `count` is of all pieces that were begun.

    What must not be sent after all is `withheld`, for somebody to look at once the stream is over.
    """

    def __init__(self, round_: Round, profile: DkimProfile | None) -> None:
        self.count = 0
        self.withheld: list[Piece] = []
        self._round = round_
        self._profile = profile
        self._begun: deque[Piece] = deque()
        self._marked: bool | None = None  # the first of them; None where that was not asked
        self._told: Callable[[bool], None] | None = None

    def begin(self) -> Letter | None:
        """Take the next piece where it takes no wait."""
        found = self._round.begin(self._profile)
        if found is None:
            return None
        piece, letter = found
        self._begun.append(piece)
        self.count += 1
        return letter

    def ask(self, told: Callable[[bool], None], failed: Callable[[Exception], None]) -> None:
        """Have the only piece without an answer marked."""
        self._told = told
        self._round.have_started(self._begun[0], self._hear, failed)

    def _hear(self, marked: bool) -> None:
        self._marked = marked
        told, self._told = self._told, None
        assert told is not None, "whoever hears has asked"
        told(marked)

    def answered(self, answer: Answer) -> None:
        """Note the answer to the first piece that has none."""
        piece, marked = self._begun.popleft(), self._marked
        self._marked = None
        if marked is False:
            self.withheld.append(piece)
            return
        self._round.record(piece, answer, started=marked is True)
        self._round.end(piece)
