"""Sections 5.1 to 5.3: what the hub answers, what it asks a callback, and what takes effect."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from feeds.websub.requests import Requests
from tests.feeds.websub.builders import OTHER, TOPIC, World
from tests.feeds.websub.callback import Callback, Got, response


async def test_a_request_is_accepted_before_it_is_verified(hub: World, callback: Callback) -> None:
    """5.1.2: 202, which MUST NOT depend on the outcome of verification."""
    reply = await hub.ask(callback.url())
    assert reply.status == 202
    assert not callback.got
    assert hub.wakes == 1


async def test_the_callback_is_asked_whether_it_meant_it(world: World, callback: Callback) -> None:
    """5.3: a GET with hub.mode, hub.topic, hub.challenge and hub.lease_seconds."""
    await world.subscribe(callback.url("/cb?id=7&hub.mode=mine"), lease_seconds=7200)
    [got] = callback.gets()
    assert got.path.startswith("/cb?id=7&hub.mode=mine&hub.mode=subscribe&")
    assert got.query["hub.topic"] == TOPIC
    assert got.query["hub.lease_seconds"] == "7200"
    assert len(got.query["hub.challenge"]) >= 32
    assert await world.subscriptions() == 1


async def test_the_topic_is_told_as_the_subscriber_wrote_it(hub: World, callback: Callback) -> None:
    """5.3: the topic URL given in the corresponding subscription request."""
    said = TOPIC.replace("feeds", "%66eeds")
    await hub.subscribe(callback.url(), said)
    assert callback.gets()[0].query["hub.topic"] == said
    await hub.change(b"<feed>2</feed>")
    await hub.work()
    assert len(callback.posts()) == 1


async def test_each_challenge_is_new(hub: World, callback: Callback) -> None:
    """8.2: the hub SHOULD use a random, single-use hub.challenge."""
    await hub.subscribe(callback.url())
    await hub.subscribe(callback.url())
    first, second = callback.gets()
    assert first.query["hub.challenge"] != second.query["hub.challenge"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"wrong"),
        (200, b""),
        (200, b"{challenge}x"),
        (404, b"{challenge}"),
        (301, b"{challenge}"),
        (410, b"{challenge}"),
        (500, b"{challenge}"),
    ],
)
async def test_anything_but_2xx_with_the_challenge_is_a_no(
    hub: World, callback: Callback, status: int, body: bytes
) -> None:
    """5.3.1: 3xx, 4xx and 5xx, and a body that does not match, mean that verification failed."""

    def lever(got: Got) -> bytes:
        said = body.replace(b"{challenge}", got.query["hub.challenge"].encode())
        return response(status, said, Location=callback.url("/elsewhere"))

    callback.levers["/cb"] = lever
    await hub.subscribe(callback.url())
    hub.later(3600)
    await hub.work()
    assert await hub.subscriptions() == 0
    assert len(callback.got) == 1, "asked once, and no redirect followed"


@pytest.mark.parametrize("status", [200, 201, 204 + 2])
async def test_any_2xx_with_the_challenge_is_a_yes(
    hub: World, callback: Callback, status: int
) -> None:
    """5.3.1: an HTTP success (2xx) code."""
    callback.levers["/cb"] = lambda got: response(status, got.query["hub.challenge"].encode())
    await hub.subscribe(callback.url())
    assert await hub.subscriptions() == 1


async def test_a_callback_that_does_not_answer_is_asked_again_a_few_times(
    hub: World, callback: Callback
) -> None:
    hub.configured(patience=0.5)
    callback.levers["/cb"] = lambda _: None
    await hub.subscribe(callback.url())
    assert len(callback.gets()) == 1
    del callback.levers["/cb"]
    hub.later(10)
    await hub.work()
    assert len(callback.gets()) == 2
    assert await hub.subscriptions() == 1


async def test_a_callback_that_never_answers_is_let_alone(hub: World, callback: Callback) -> None:
    hub.configured(patience=0.4)
    callback.levers["/cb"] = lambda _: None
    await hub.ask(callback.url())
    for _ in range(6):
        await hub.work()
        hub.later(300)
    assert len(callback.gets()) == 3
    assert await hub.subscriptions() == 0


async def test_only_our_own_topics_can_be_subscribed_to(hub: World, callback: Callback) -> None:
    """5.1.2: hubs MAY decide to reject some topic URLs based on their own policies."""
    for topic in ("https://news.example.org/my/secret.atom", "https://elsewhere.example/feed"):
        reply = await hub.ask(callback.url(), topic)
        assert (reply.status, "hub.topic" in reply.text) == (403, True)
    assert not hub.wakes


@pytest.mark.parametrize(
    "bad",
    [
        "http://10.0.0.1/cb",
        "http://[::1]/cb",
        "http://169.254.169.254/latest",
        "http://reader.example:25/cb",
        "ftp://reader.example/cb",
        "http://user:word@reader.example/cb",
        "http://reader.example/cb#part",
        "reader.example/cb",
        "http://reader.example/c b",
    ],
)
async def test_a_callback_where_we_never_go_is_refused_at_once(hub: World, bad: str) -> None:
    """5.1.2: hubs MAY decide to reject some callback URLs; described in plain text."""
    reply = await hub.ask(bad)
    assert reply.status == 400
    assert reply.text.startswith("hub.callback: ")
    assert "word" not in reply.text.removeprefix("hub.callback: a URL with a user name or password")


async def test_a_new_request_replaces_secret_and_lease_once_it_is_verified(
    world: World, callback: Callback
) -> None:
    """5.1: MUST override the previous state, but only once the action is verified."""
    await world.subscribe(callback.url(), secret="old", lease_seconds=3600)
    world.later(3000)
    await world.subscribe(callback.url(), secret="new", lease_seconds=3600)
    assert await world.subscriptions() == 1
    world.later(3000)
    await world.change(b"<feed>2</feed>")
    await world.work()
    [got] = callback.posts()
    assert got.headers["x-hub-signature"] == _signature(b"new", got.body)


async def test_a_request_that_is_not_verified_changes_nothing(
    world: World, callback: Callback
) -> None:
    """5.1: if verification fails, the subscription state MUST be left unchanged."""
    await world.subscribe(callback.url(), secret="old")
    callback.levers["/cb"] = lambda _: response(404)
    await world.subscribe(callback.url(), secret="forged")
    await world.subscribe(callback.url(), mode="unsubscribe")
    del callback.levers["/cb"]
    await world.change(b"<feed>2</feed>")
    await world.work()
    [got] = callback.posts()
    assert got.headers["x-hub-signature"] == _signature(b"old", got.body)


async def test_a_subscription_may_be_renewed_without_a_secret(
    hub: World, callback: Callback
) -> None:
    """5.1: the subscriber MAY make a new subscription without a hub.secret."""
    await hub.subscribe(callback.url(), secret="old")
    await hub.subscribe(callback.url())
    await hub.change(b"<feed>2</feed>")
    await hub.work()
    assert "x-hub-signature" not in callback.posts()[0].headers


async def test_the_last_of_several_unverified_requests_counts(
    world: World, callback: Callback
) -> None:
    await world.ask(callback.url(), secret="first")
    await world.ask(callback.url(), secret="last")
    await world.work()
    await world.change(b"<feed>2</feed>")
    await world.work()
    assert len(callback.gets()) == 1
    [got] = callback.posts()
    assert got.headers["x-hub-signature"] == _signature(b"last", got.body)


async def test_a_late_confirmation_of_a_replaced_request_has_no_effect(
    hub: World, callback: Callback
) -> None:
    await hub.subscribe(callback.url())
    await hub.ask(callback.url(), mode="unsubscribe")
    requests = Requests(hub.database)
    [taken] = await requests.waiting(hub.now, [], firsts_only=False)
    await hub.ask(callback.url(), secret="new")
    assert not await requests.activate(taken, hub.now, 1)
    assert await hub.subscriptions() == 1


async def test_leaving_is_verified_and_ends_it(world: World, callback: Callback) -> None:
    """3.1.3 and 5.3: unsubscription is supported, and verified like a subscription."""
    await world.subscribe(callback.url())
    await world.subscribe(callback.url("/second"))
    await world.subscribe(callback.url(), OTHER)
    await world.subscribe(callback.url(), mode="unsubscribe")
    assert callback.gets()[-1].query["hub.mode"] == "unsubscribe"
    await world.change(b"<feed>2</feed>")
    await world.work()
    assert (len(callback.posts()), len(callback.posts("/second"))) == (0, 1)
    assert await world.subscriptions() == 2


async def test_leaving_a_topic_that_is_gone_still_works(hub: World, callback: Callback) -> None:
    """5: the hub will not validate unsubscription requests with the publisher."""
    await hub.subscribe(callback.url())
    del hub.contents[TOPIC]
    await hub.subscribe(callback.url(), mode="unsubscribe")
    assert await hub.subscriptions() == 0


async def test_a_lease_runs_out(world: World, callback: Callback) -> None:
    """5.3.1: hubs MUST enforce lease expirations."""
    await world.subscribe(callback.url(), lease_seconds=3600)
    world.later(3599)
    assert await world.subscriptions() == 1
    world.later(1)
    await world.change(b"<feed>2</feed>")
    await world.work()
    assert await world.subscriptions() == 0
    assert not callback.posts()


async def test_a_topic_that_goes_before_it_is_verified_is_denied(
    hub: World, callback: Callback
) -> None:
    """5.2: if the subscription is denied, the hub MUST inform the subscriber by GET."""
    await hub.ask(callback.url("/cb?x=1"))
    content = hub.contents.pop(TOPIC)
    await hub.work()
    [got] = callback.gets()
    assert got.query["x"] == "1"
    assert (got.query["hub.mode"], got.query["hub.topic"]) == ("denied", TOPIC)
    assert got.query["hub.reason"]
    hub.contents[TOPIC] = content
    await hub.work()
    assert await hub.subscriptions() == 0


async def test_a_topic_that_is_gone_ends_its_subscriptions_with_a_word(
    world: World, callback: Callback
) -> None:
    """5.2: the subscription MAY be denied at any point, even if it was accepted."""
    await world.subscribe(callback.url())
    await world.subscribe(callback.url(), OTHER)
    assert await world.hub.deny([TOPIC], world.now) == 1
    await world.work()
    assert callback.gets()[-1].query["hub.mode"] == "denied"
    assert await world.subscriptions() == 1
    assert await world.hub.deny([TOPIC], world.now) == 0


async def test_nobody_is_flooded_through_the_hub(world: World, callback: Callback) -> None:
    """5.1.2: an error response where a request is not handled; here, one too many for a host."""
    world.configured(pending_per_host=3)
    callback.levers = {f"/{n}": lambda _: response(404) for n in range(10)}
    replies = []
    for number in range(5):
        replies.append((await world.ask(callback.url(f"/{number}"))).status)
        await world.work()
    assert replies == [202, 202, 202, 429, 429], "also those that came to nothing count"
    assert len(callback.got) == 3
    other = await world.ask(callback.url("/ok", "one.example"))
    assert other.status == 202, "other hosts are not touched by that"
    world.later(world.settings.memory)
    assert (await world.ask(callback.url("/4"))).status == 202


async def test_whoever_is_subscribed_renews_under_pressure(hub: World, callback: Callback) -> None:
    await hub.subscribe(callback.url())
    hub.configured(pending_per_host=0)
    assert (await hub.ask(callback.url("/new"))).status == 429
    assert (await hub.ask(callback.url())).status == 202


def _signature(secret: bytes, body: bytes) -> str:
    return f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
