"""Planning: what goes to whom at the next slots, as things stand. Writes nothing.

The same turns are taken in the same order, and decided upon by the same functions, as when issues
are opened (`planner`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from notifier.mailing.coming import Coming
from notifier.mailing.foretold import Onlooker, Planned
from notifier.mailing.lookout import Lookout
from notifier.mailing.planner import Planner
from notifier.mailing.turns import at_once_turns, due_turns


async def plan(
    lookout: Lookout, now: datetime, at: datetime | None = None, onlooker: Onlooker | None = None
) -> list[Planned]:
    """Return what each lane's next slot will bring; with `at`, all that is due at that time.

    In the order in which issues would be opened. A next slot is seen as it will be then, if nothing
    else happens; what is due `at` a time as `open_due` would open it `now`, with the articles and
    readers there are now. With an `onlooker`, only what concerns them.
    """
    if onlooker is not None:
        planner = await _planned(lookout, now, at, onlooker, nearby=True)
        if not planner.depends_on_others:
            return planner.planned
    return (await _planned(lookout, now, at, onlooker)).planned


async def _planned(
    lookout: Lookout,
    now: datetime,
    at: datetime | None,
    onlooker: Onlooker | None,
    *,
    nearby: bool = False,
) -> Planner:
    """Plan for all lanes; or for those that are `nearby`, where somebody is who may meet them."""
    async with lookout.prospects.open(now) as prospect:
        desk = replace(lookout.desk, audience=prospect)
        shown = onlooker.lanes if onlooker else frozenset()
        coming = Coming(desk.store, lookout.embargoes, shown)
        among = await prospect.neighbours(shown) if nearby else None
        planner = Planner(desk, prospect, coming, onlooker, among)
        await planner.expect_all()
        await planner.resume(now)
        if at:
            turns, at_once = await due_turns(desk, at), await at_once_turns(desk, now)
            await planner.expect([*turns, *at_once])
            await planner.open(turns, now)
            await planner.open_at_once(at_once, now)
        else:
            await planner.open_next(now)
        return planner
