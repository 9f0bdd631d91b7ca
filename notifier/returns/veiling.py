"""Veiling: a store that keeps suppressed addresses in the clear begins to keep hashes of them.

There is no way back, so a store that has begun goes on, whatever is configured. In bounded
transactions; what was broken off is gone on with when the store is opened again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, bindparam, delete, select, update

from feeds.kit.database import Database, Lock
from notifier.tables import dead_addresses, secret_keys, subscribers, suppressions
from notifier.tokens import SecretKey, veiled

_BATCH = 500
_BEGUN, _DONE = "begun", "done"


async def veil_of(
    database: Database, keys: Sequence[SecretKey], *, wanted: bool
) -> SecretKey | None:
    """Return the key by which addresses are hashed; None where they are kept in the clear.

    Where it is `wanted` for the first time, what there is is hashed. Raises StoreError.
    """
    query = select(secret_keys.c.id, secret_keys.c.hashes).where(secret_keys.c.hashes != "")
    async with database.read() as connection:
        row = (await connection.execute(query)).first()
    if row is None and not wanted:
        return None
    number = row.id if row else min(key.id for key in keys)
    veil = next(key for key in keys if key.id == number)
    if row is None or row.hashes != _DONE:
        await _note(database, veil, _BEGUN)
        await _veil_readers(database, veil)
        for table in (suppressions, dead_addresses):
            await _veil(database, table, veil)
        await _note(database, veil, _DONE)
    return veil


async def _note(database: Database, veil: SecretKey, state: str) -> None:
    async with database.write(Lock.OPEN) as connection:
        mine = secret_keys.c.id == veil.id
        await connection.execute(update(secret_keys).where(mine).values(hashes=state))


async def _veil_readers(database: Database, veil: SecretKey) -> None:
    """Write the hash beside each address, before any suppression is known by it alone."""
    last = 0
    columns = (subscribers.c.id, subscribers.c.address_key)
    while True:
        page = select(*columns).where(subscribers.c.id > last, subscribers.c.address != "")
        async with database.write(Lock.OPEN) as connection:
            some = page.order_by(subscribers.c.id).limit(_BATCH)
            rows = (await connection.execute(some)).all()
            if not rows:
                return
            hashed = update(subscribers).where(subscribers.c.id == bindparam("its_id"))
            given = [{"its_id": id_, "address_hash": veiled(veil, key)} for id_, key in rows]
            await connection.execute(hashed, given)
        last = rows[-1].id


async def _veil(database: Database, table: Table, veil: SecretKey) -> None:
    """Hash the addresses of a table; where the hash stands there already, it stays as it is."""
    clear = table.c.address_key.contains("@")
    while True:
        async with database.write(Lock.OPEN) as connection:
            found = await connection.execute(select(table).where(clear).limit(_BATCH))
            rows = [dict(row) for row in found.mappings()]
            if not rows:
                return
            old = [row["address_key"] for row in rows]
            await connection.execute(delete(table).where(table.c.address_key.in_(old)))
            for row in rows:
                row["address_key"] = veiled(veil, row["address_key"])
                if "detail" in row:
                    row["detail"] = ""  # a server's words often have the address in them
            await connection.execute(database.insert_new(table), rows)
