"""Section 6: telling the hubs of others."""

from __future__ import annotations

import pytest

from feeds.kit.outgoing import Outgoing
from feeds.websub.publisher import Ping, ping
from feeds.websub.settings import WebSubSettings
from tests.feeds.websub.builders import HUB, OTHER, SITE, TOPIC, World
from tests.feeds.websub.callback import Callback, Got, response


@pytest.fixture
def client(hub: World) -> Outgoing:
    return hub.client


async def test_each_hub_is_told_of_each_topic(client: Outgoing, callback: Callback) -> None:
    """6: hub.mode=publish and hub.url, as public hubs ask for."""
    hubs = [callback.url("/a"), callback.url("/b")]
    done = await ping(client, hubs, [TOPIC, OTHER])
    assert set(done) == {Ping(hub, topic) for hub in hubs for topic in (TOPIC, OTHER)}
    got = callback.posts("/a")[0]
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert got.body == (
        b"hub.mode=publish&hub.url=https%3A%2F%2Fnews.example.org%2Ffeeds%2Fall.atom"
    )


async def test_a_hub_that_fails_is_told_again(client: Outgoing, callback: Callback) -> None:
    answers = [500, 429, 204]

    def lever(_: Got) -> bytes:
        return response(answers.pop(0))

    callback.levers["/a"] = lever
    assert await ping(client, [callback.url("/a")], [TOPIC], (0.01, 0.01)) == [
        Ping(callback.url("/a"), TOPIC)
    ]
    assert len(callback.posts("/a")) == 3


async def test_what_goes_wrong_is_said(client: Outgoing, callback: Callback) -> None:
    callback.levers = {"/a": lambda _: response(500), "/b": lambda _: response(404)}
    hubs = [callback.url("/a"), callback.url("/b"), "http://10.0.0.1/"]
    troubles = [done.trouble for done in await ping(client, hubs, [TOPIC], (0.01,))]
    assert troubles[:2] == ["answered 500", "answered 404"]
    assert "not public" in troubles[2]
    assert (len(callback.posts("/a")), len(callback.posts("/b"))) == (2, 1)


async def test_a_hub_that_moved_for_a_while_is_followed(
    client: Outgoing, callback: Callback
) -> None:
    """5.1.2: a hub may send one elsewhere by 307 or 308."""
    callback.levers["/a"] = lambda _: response(307, Location="/b")
    await ping(client, [callback.url("/a")], [TOPIC])
    assert b"hub.url" in callback.posts("/b")[0].body


def test_feeds_name_the_hubs_that_are_told() -> None:
    """4: publishers advertise the hubs that they notify."""
    assert WebSubSettings().advertised(SITE) == (HUB,)
    external = WebSubSettings(hubs=("https://hub.example/",))
    assert external.advertised(SITE) == ("https://hub.example/",)
    assert not external.own_hub
    assert WebSubSettings(hub=False).advertised(SITE) == ()
