"""Whom a message that came back is about: told by what only we can have written, or not at all.

Pure; standard library only. In this order: the address it was sent to (VERP), the envelope
identifier (RFC 3461), the token of a link for leaving, the Message-ID; these are keyed, so nobody
else can make one. Last an address that is named, which anybody can write, and which proves nothing.
Traces that lead to two readers lead to none.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from notifier.returns.returned import Returned, Traces
from notifier.subscriber import address_key
from notifier.tokens import (
    BOUNCED,
    LEAVE,
    UNSUBSCRIBED,
    SecretKey,
    proves,
    read_local_part,
    read_token,
    returns,
)


class How(enum.StrEnum):
    """By what a reader was found."""

    VERP = "verp"
    ENVELOPE_ID = "envid"
    TOKEN = "token"  # noqa: S105 - the name of a way, not a secret
    MESSAGE_ID = "message_id"
    ADDRESS = "address"
    AMBIGUOUS = "ambiguous"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whom a message is about, and how that was found; numbers are 0 where they are not known.

    `leaving` says that it was sent where mail means leaving.
    """

    how: How
    subscriber: int = 0
    issue: int = 0
    subscription: int = 0
    leaving: bool = False

    @property
    def found(self) -> bool:
        """Whether there is a reader."""
        return self.subscriber > 0

    @property
    def proven(self) -> bool:
        """Whether the message holds something that only we can have made."""
        return self.found and self.how is not How.ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A subscription as tokens need it."""

    id: int
    subscriber: int
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store knows of the traces.

    `places` are subscriptions by number; `posts` issue and reader of each Message-ID (the local
    part) that could be meant; `readers` the numbers of readers by address key, of those alone who
    were written to of late.
    """

    places: Mapping[int, Place] = field(default_factory=dict)
    posts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    readers: Mapping[str, int] = field(default_factory=dict)


def subscriptions_in(traces: Traces) -> set[int]:
    """Return the subscriptions that tokens and addresses claim to be of."""
    found = {claim.subject for claim in map(read_token, _tokens(traces)) if claim}
    for address in (*traces.envelope, *traces.inside):
        claimed = read_local_part(_local(address))
        if claimed and claimed.purpose == UNSUBSCRIBED and len(claimed.numbers) == 1:
            found.add(claimed.numbers[0])
    return found


def attribute(returned: Returned, keys: Sequence[SecretKey], known: Known) -> About:
    """Return whom `returned` is about."""
    traces = returned.traces
    leaving = [one for one in _by_address(traces.envelope, keys, known) if one.leaving]
    wished = [_left(place) for place in _by_token([traces.subject_token], keys, known)]
    ways = {
        How.VERP: [*_by_verp(traces.envelope, keys), *leaving, *wished],
        How.ENVELOPE_ID: _by_envelope_id(traces.envelope_ids, keys, known),
        How.TOKEN: [
            *_by_token(traces.tokens, keys, known),
            *(_inside(one) for one in _by_address(traces.inside, keys, known)),
            *_by_verp(traces.inside, keys),
        ],
        How.MESSAGE_ID: _by_message_id(traces.message_ids, known),
    }
    proven = [(how, about) for how, found in ways.items() for about in found]
    if not proven:
        return _by_name(returned, known)
    if len({about.subscriber for _, about in proven}) > 1:
        return About(how=How.AMBIGUOUS)
    return About(
        how=proven[0][0],
        subscriber=proven[0][1].subscriber,
        issue=next((about.issue for _, about in proven if about.issue), 0),
        subscription=next((about.subscription for _, about in proven if about.subscription), 0),
        leaving=any(about.leaving for _, about in proven),
    )


def _by_verp(addresses: Iterable[str], keys: Sequence[SecretKey]) -> list[About]:
    found = []
    for address in addresses:
        claim = read_local_part(_local(address))
        if claim is None or claim.purpose != BOUNCED or len(claim.numbers) != 2:
            continue
        if any(returns(claim, key) for key in keys):
            issue, subscriber = claim.numbers
            found += [About(how=How.VERP, subscriber=subscriber, issue=issue)] if subscriber else []
    return found


def _by_address(addresses: Iterable[str], keys: Sequence[SecretKey], known: Known) -> list[About]:
    """Return the readers whose addresses for leaving these are."""
    found = []
    for address in addresses:
        claim = read_local_part(_local(address))
        if claim is None or claim.purpose != UNSUBSCRIBED or len(claim.numbers) != 1:
            continue
        place = known.places.get(claim.numbers[0])
        generations = range(place.generation, 0, -1) if place else ()
        if place and any(returns(claim, key, one) for key in keys for one in generations):
            found.append(_left(_about(place)))
    return found


def _by_envelope_id(given: Iterable[str], keys: Sequence[SecretKey], known: Known) -> list[About]:
    local = [_local(one) for one in given]
    return [*_by_verp(local, keys), *_by_message_id([one.lower() for one in local], known)]


def _by_token(tokens: Iterable[str], keys: Sequence[SecretKey], known: Known) -> list[About]:
    found = []
    for claim in map(read_token, tokens):
        place = known.places.get(claim.subject) if claim else None
        if claim is None or place is None:
            continue
        generations = range(place.generation, 0, -1)
        if any(proves(claim, key, LEAVE, one) for key in keys for one in generations):
            found.append(_about(place))
    return found


def _by_message_id(local_parts: Iterable[str], known: Known) -> list[About]:
    posts = [known.posts[one] for one in local_parts if one in known.posts]
    return [
        About(how=How.MESSAGE_ID, subscriber=subscriber, issue=issue) for issue, subscriber in posts
    ]


def _by_name(returned: Returned, known: Known) -> About:
    """Return the one reader whose address is named, as we wrote it or else as the server did."""
    for named in (
        [one.original for one in returned.recipients],
        [one.final for one in returned.recipients],
    ):
        keys = {address_key(address) for address in named if address}
        found = {known.readers[key] for key in keys if key in known.readers}
        if len(found) > 1:
            return About(how=How.AMBIGUOUS)
        if found:
            return About(how=How.ADDRESS, subscriber=found.pop())
    return About(how=How.NOTHING)


def _about(place: Place) -> About:
    return About(how=How.TOKEN, subscriber=place.subscriber, subscription=place.id)


def _left(about: About) -> About:
    return About(
        how=about.how, subscriber=about.subscriber, subscription=about.subscription, leaving=True
    )


def _inside(about: About) -> About:
    """Every message of ours shows its reader where to write to leave: no wish by itself."""
    return About(how=about.how, subscriber=about.subscriber, subscription=about.subscription)


def _tokens(traces: Traces) -> tuple[str, ...]:
    return (*traces.tokens, traces.subject_token)


def _local(address: str) -> str:
    return address.strip("<> ").rpartition("@")[0] or address.strip("<> ")
