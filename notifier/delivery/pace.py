"""How fast one relay is written to: connections, messages per second, a ramp, slowing down.

Pure; standard library only. Time is an argument, in seconds of any clock that never goes back.
Refuses to stop: the slowest pace is one connection, and a letter after a rest of a minute.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from notifier.delivery.delivery import Answer, Phase, Verdict

_LEAST = 1 / 64  # of what is allowed: there is always some
_STEP = 1 / 16  # of what is allowed, given back at a time
_BETWEEN_STEPS = 5.0  # seconds
_LONGEST_REST = 60.0  # seconds, also between two letters, unless the limits ask for more
_DOUBLING = 3600.0  # a ramp that is kept busy is twice as steep after so many seconds
_LETTER = 5.0  # seconds that a letter takes at most, as a rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a relay may be asked for: `connections` at once and `rate` messages per second.

    `warm_up` is the rate with which an address begins that nobody knows yet. 0 is no limit. `rest`
    is how many seconds nothing goes after the relay has asked for less.
    """

    connections: int = 4
    rate: float = 0.0
    warm_up: float = 0.0
    rest: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast it goes at the moment; a new one after each thing that changes it.

    `taken` counts the messages that the relay has taken so far, with which the ramp rises.
    `share` of the limits is used: it is halved when the relay asks for less, and comes back step
    by step (additive increase, multiplicative decrease). `slowed_at` is when it was last halved,
    `free_at` when the next letter may go at the earliest.
    """

    limits: Limits
    taken: int = 0
    share: float = 1.0
    troubles: int = 0
    slowed_at: float = -math.inf
    raised_at: float = -math.inf
    free_at: float = -math.inf

    @property
    def is_settled(self) -> bool:
        """Tell whether it has never been slowed, so that what is accepted changes nothing."""
        return not self.limits.warm_up and math.isinf(self.slowed_at) and math.isinf(self.free_at)

    @property
    def rate(self) -> float:
        """Messages per second at the moment; infinite where nothing limits them."""
        rate = self.limits.rate or math.inf
        if self.limits.warm_up:
            rate = min(rate, self.limits.warm_up + self.taken / _DOUBLING)
        return max(rate * self.share, min(rate, 1 / _LONGEST_REST))

    @property
    def connections(self) -> int:
        """How many connections there may be at the moment: no more than the rate needs."""
        allowed = max(1, math.floor(self.limits.connections * self.share))
        if math.isinf(self.rate):
            return allowed
        return min(allowed, max(1, math.ceil(self.rate * _LETTER)))

    def reserve(self, now: float) -> tuple[float, Pace]:
        """Return when the next letter may go, `now` or later, and the pace after that.

        Between two such moments there is 1 / `rate`, so no window of time has more than its
        share; what was not used is not made up for.
        """
        when = max(now, self.free_at)
        if math.isinf(self.rate):
            return when, self
        return when, replace(self, free_at=when + 1 / self.rate)

    def after(self, answer: Answer, began: float, now: float) -> Pace:
        """Return the pace after `answer` to a letter that began at `began`.

        Letters that had begun before the pace was last halved say nothing of the new one.
        """
        earlier = began <= self.slowed_at
        if answer.verdict is not Verdict.ACCEPTED:
            return self._slower(now) if asks_for_less(answer) and not earlier else self
        counted = replace(self, taken=self.taken + 1) if self.limits.warm_up else self
        return counted if earlier else counted._recovered(now)

    def _slower(self, now: float) -> Pace:
        rest = min(self.limits.rest * 2.0 ** min(self.troubles, 10), _LONGEST_REST)
        return replace(
            self,
            share=max(self.share / 2, _LEAST),
            troubles=self.troubles + 1,
            slowed_at=now,
            raised_at=now,
            free_at=max(self.free_at, now + rest),
        )

    def _recovered(self, now: float) -> Pace:
        if self.share < 1.0 and now >= self.raised_at + _BETWEEN_STEPS:
            share = min(1.0, self.share + _STEP)
            return replace(self, troubles=0, share=share, raised_at=now)
        return replace(self, troubles=0) if self.troubles else self


def asks_for_less(answer: Answer) -> bool:
    """Tell whether a relay that answers so is asked for too much, or is not well.

    That is a 4xx, unless it is about the recipient's mailbox (RFC 3463: X.1 and X.2); a connection
    that cannot be had; and no answer to a whole message. Silence in between holds up itself only.
    """
    if answer.verdict is Verdict.IN_DOUBT:
        return True
    if answer.verdict is not Verdict.DEFERRED:
        return False
    if answer.code is None:
        return answer.phase in {Phase.CONNECT, Phase.LOGIN}
    return 400 <= answer.code < 500 and not answer.enhanced.startswith(("4.1.", "4.2."))
