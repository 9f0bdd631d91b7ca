"""What operators and their machines ask: is it alive, is it ready, what are the numbers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from starlette.applications import Starlette

from notifier.web.observing import Observed, observing, observing_routes

TOKEN = "a-token-of-sixteen"


@dataclass
class Service:
    """What the service would say."""

    parts: dict[str, str] = field(default_factory=lambda: {"scheduler": "ok"})

    def live(self) -> Mapping[str, str]:
        return self.parts

    async def ready(self) -> Mapping[str, str]:
        await asyncio.sleep(0)
        return self.parts | {"store": "ok"}

    async def metrics(self) -> bytes:
        await asyncio.sleep(0)
        return b"up 1\n"

    def observed(self, token: str = "") -> Observed:
        return Observed(self.live, self.ready, self.metrics, "text/plain; version=0.0.4", token)


@asynccontextmanager
async def asking(service: Service, token: str = "") -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=observing_routes(service.observed(token)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_health_is_told_to_anybody_part_by_part() -> None:
    async with asking(Service()) as client:
        assert (await client.get("/livez")).json() == {
            "status": "ok",
            "checks": {"scheduler": "ok"},
        }
        ready = await client.get("/readyz")
    assert (ready.status_code, ready.headers["cache-control"]) == (200, "no-store")
    assert ready.json()["checks"] == {"scheduler": "ok", "store": "ok"}


async def test_a_part_that_is_not_well_makes_it_503_and_says_why() -> None:
    async with asking(Service({"scheduler": "no beat for 31 s"})) as client:
        for path in ("/livez", "/readyz"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert answer.json()["status"] == "failing"
            assert answer.json()["checks"]["scheduler"] == "no beat for 31 s"


async def test_a_broken_edit_is_told_but_makes_nothing_unready() -> None:
    parts = {"configuration": "ok, but not the last edit: 2 problems"}
    async with asking(Service(parts)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["configuration"].endswith("2 problems")


@pytest.mark.parametrize(
    ("given", "status"),
    [(None, 401), ("Bearer wrong", 401), (f"Basic {TOKEN}", 401), (f"bearer {TOKEN}", 200)],
)
async def test_numbers_are_for_who_has_the_token(given: str | None, status: int) -> None:
    headers = {"authorization": given} if given else {}
    async with asking(Service(), TOKEN) as client:
        answer = await client.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("up 1" in answer.text) is (status == 200)


async def test_without_a_token_there_are_no_numbers_in_public_not_even_for_an_empty_one() -> None:
    async with asking(Service()) as client:
        for given in ("Bearer ", "Bearer x"):
            answer = await client.get("/metrics", headers={"authorization": given})
            assert answer.status_code == 404


async def test_at_an_address_of_their_own_they_need_none() -> None:
    transport = httpx.ASGITransport(observing(Service().observed()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/metrics")
    assert (answer.status_code, answer.text) == (200, "up 1\n")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
