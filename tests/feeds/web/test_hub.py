"""POST /hub as subscribers see it (WebSub, sections 5.1 and 5.1.2), from request to delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette

from feeds.kit.database import Database
from feeds.web.hub import hub_routes
from feeds.websub.hub import Content, Hub
from tests.feeds.websub.builders import ATOM, HUB, SETTINGS, TOPIC, form, outgoing
from tests.feeds.websub.callback import callback_server

FORM = {"content-type": "application/x-www-form-urlencoded"}
CALLBACK = "https://reader.example/cb"


async def the_topic(topic: str) -> Content | None:
    return Content(b"<feed/>", ATOM, 1) if topic == TOPIC else None


@pytest.fixture
async def client(sqlite: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with outgoing() as out:
        app = Starlette(routes=hub_routes(Hub(sqlite, out, the_topic, SETTINGS, HUB)))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="https://x.example") as made:
            yield made


async def test_a_good_request_is_accepted(client: httpx.AsyncClient) -> None:
    """5.1.2: 202 "Accepted"; parameters of the media type do not matter."""
    kind = {"content-type": "Application/X-WWW-Form-URLEncoded; charset=UTF-8"}
    body = form(mode="subscribe", callback=CALLBACK, topic=TOPIC)
    answer = await client.post("/hub", content=body, headers=kind)
    assert answer.status_code == 202
    assert "set-cookie" not in answer.headers


async def test_an_error_is_described_in_plain_text(client: httpx.AsyncClient) -> None:
    """5.1.2: hubs SHOULD return a description of the error as plain text."""
    answer = await client.post("/hub", content=b"hub.mode=subscribe", headers=FORM)
    assert (answer.status_code, answer.text) == (400, "hub.callback is missing\n")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_request_is_a_form(client: httpx.AsyncClient) -> None:
    """5.1: MUST have a Content-Type header of application/x-www-form-urlencoded."""
    for kind in ("application/json", "multipart/form-data; boundary=x", ""):
        answer = await client.post("/hub", content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 415


async def test_a_request_is_small(client: httpx.AsyncClient) -> None:
    answer = await client.post("/hub", content=b"a=" + b"x" * 10_000, headers=FORM)
    assert answer.status_code == 413


async def test_a_topic_that_is_not_ours_is_refused(client: httpx.AsyncClient) -> None:
    body = form(mode="subscribe", callback=CALLBACK, topic="https://elsewhere.example/")
    assert (await client.post("/hub", content=body, headers=FORM)).status_code == 403


async def test_people_are_told_what_this_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/hub")
    assert answer.status_code == 200
    assert "WebSub" in answer.text
    assert (await client.put("/hub")).status_code == 405


async def test_from_the_request_to_the_delivery(sqlite: Database) -> None:
    """A subscriber's whole life, driven by nothing but the hub's own wakes."""
    bell, contents = asyncio.Event(), {TOPIC: Content(b"<feed>1</feed>", ATOM, 1)}

    async def topics(topic: str) -> Content | None:
        return contents.get(topic)

    async with callback_server() as callback, outgoing() as out:
        hub = Hub(sqlite, out, topics, SETTINGS, HUB, bell.set)

        async def serve() -> None:
            while True:
                await bell.wait()
                bell.clear()
                await hub.work(lambda: datetime.now(UTC))

        serving = asyncio.create_task(serve())
        transport = httpx.ASGITransport(app=Starlette(routes=hub_routes(hub)))
        async with httpx.AsyncClient(transport=transport, base_url="https://x.example") as client:
            body = form(mode="subscribe", callback=callback.url(), topic=TOPIC)
            assert (await client.post("/hub", content=body, headers=FORM)).status_code == 202
        async with asyncio.timeout(5):
            while not (await hub.counts(datetime.now(UTC))).subscriptions:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            contents[TOPIC] = Content(b"<feed>2</feed>", ATOM, 2)
            await hub.announce({TOPIC: 2}, datetime.now(UTC))
            while not callback.posts():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.01)
        assert callback.posts()[0].body == b"<feed>2</feed>"
        serving.cancel()
        await hub.stop()
