"""A subscriber's server, and a hub on either database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trustme

from feeds.kit.database import Database
from tests.feeds.websub.builders import World, outgoing
from tests.feeds.websub.callback import Callback, callback_server


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, str]:
    """A certificate authority of our own, and the file of its certificate."""
    made, path = trustme.CA(), tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(str(path))
    return made, str(path)


@pytest.fixture
async def callback() -> AsyncIterator[Callback]:
    async with callback_server() as server:
        yield server


@pytest.fixture
async def world(database: Database, authority: tuple[trustme.CA, str]) -> AsyncIterator[World]:
    """A hub on either database."""
    async with outgoing(ca_file=authority[1]) as client:
        made = World(database, client)
        yield made
        await made.hub.stop()


@pytest.fixture
async def hub(sqlite: Database, authority: tuple[trustme.CA, str]) -> AsyncIterator[World]:
    """A hub for tests that the kind of database does not matter to."""
    async with outgoing(ca_file=authority[1]) as client:
        made = World(sqlite, client)
        yield made
        await made.hub.stop()
