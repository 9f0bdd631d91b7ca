"""Following: whether all readers stand as one declaration has them, known without looking at them.

A reconciling begins a turn and ends it with a name for what it went by. Whoever writes readers
between, or later, by other rules than those makes the store forget it; so it is never believed of
readers whom somebody has moved since. For use inside a transaction of the caller's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, insert, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.tables import followed


@dataclass(frozen=True, slots=True)
class Hand:
    """Who writes readers: the reconciling of a `turn`, or somebody who goes by `rules`.

    Nobody knows of one that has neither name what its readers follow.
    """

    turn: str = ""
    rules: str = ""


async def declaration_followed(connection: AsyncConnection) -> str:
    """Return the name of the declaration that all readers follow; "" where that is not known."""
    return await connection.scalar(select(followed.c.declaration)) or ""


async def begin(connection: AsyncConnection, rules: str) -> Hand:
    """Begin a turn of reconciling by `rules`; until it ends, nothing is known."""
    hand = Hand(turn=secrets.token_hex(16))
    await forget(connection)
    await connection.execute(insert(followed).values(turn=hand.turn, rules=rules, declaration=""))
    return hand


async def end(connection: AsyncConnection, hand: Hand, declaration: str) -> None:
    """Note what all readers follow, unless somebody else has begun or written meanwhile."""
    mine = followed.c.turn == hand.turn
    await connection.execute(update(followed).where(mine).values(declaration=declaration))


async def wrote(connection: AsyncConnection, hand: Hand) -> None:
    """Note that `hand` writes readers: what is known holds only if it goes by the same."""
    same = or_(followed.c.turn == hand.turn, followed.c.rules == hand.rules)
    await connection.execute(delete(followed).where(not_(same)))


async def forget(connection: AsyncConnection) -> None:
    """Let nothing be known."""
    await connection.execute(delete(followed))
