"""Section 7: what is pushed, to whom, what an answer means, and that nothing owed is lost."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from datetime import timedelta

import pytest

from feeds.kit.outgoing import Answer, Failure
from feeds.websub.hub import Content
from feeds.websub.protocol import Outcome, next_push, outcome
from tests.conftest import NOW
from tests.feeds.websub.builders import ATOM, HUB, OTHER, TOPIC, World
from tests.feeds.websub.callback import Callback, response

NEW = "<feed>zwei — 2</feed>".encode()


async def test_the_whole_document_is_posted_to_the_callback(
    world: World, callback: Callback
) -> None:
    """7: a POST with the full contents, the topic's Content-Type, and both Link relations."""
    await world.subscribe(callback.url("/cb?id=7"))
    await world.change(NEW)
    await world.work()
    [got] = callback.posts()
    assert got.path == "/cb?id=7", "5.1.1: the query stays in the URL"
    assert got.body == NEW
    assert got.headers["content-type"] == ATOM
    assert got.headers["link"] == f'<{HUB}>; rel="hub", <{TOPIC}>; rel="self"'
    assert "x-hub-signature" not in got.headers
    assert await world.behind() == 0


async def test_it_is_signed_if_there_is_a_secret(hub: World, callback: Callback) -> None:
    """7.1: X-Hub-Signature is method=signature, an HMAC of the body; 8.3: at least SHA-256."""
    await hub.subscribe(callback.url(), secret="schlüssel")
    await hub.change(NEW)
    await hub.work()
    [got] = callback.posts()
    expected = hmac.new("schlüssel".encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-hub-signature"] == f"sha256={expected}"


async def test_only_subscribers_of_the_topic_are_told(hub: World, callback: Callback) -> None:
    await hub.subscribe(callback.url("/all"))
    await hub.subscribe(callback.url("/sport"), OTHER)
    await hub.change(NEW)
    await hub.work()
    assert (len(callback.posts("/all")), len(callback.posts("/sport"))) == (1, 0)


async def test_nothing_is_pushed_that_is_not_new(hub: World, callback: Callback) -> None:
    await hub.subscribe(callback.url())
    await hub.hub.announce({TOPIC: 1, OTHER: 1}, hub.now)
    await hub.work()
    assert not callback.posts()
    await hub.change(NEW)
    await hub.work()
    assert await hub.hub.announce({TOPIC: 2}, hub.now) == 0
    await hub.work()
    assert len(callback.posts()) == 1


async def test_what_changes_between_request_and_verification_is_pushed(
    hub: World, callback: Callback
) -> None:
    await hub.ask(callback.url())
    await hub.change(NEW)
    await hub.work()
    assert [got.body for got in callback.posts()] == [NEW]


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (299, Outcome.DELIVERED),
        (301, Outcome.FAILED),
        (308, Outcome.FAILED),
        (404, Outcome.FAILED),
        (410, Outcome.ENDED),
        (429, Outcome.FAILED),
        (500, Outcome.FAILED),
    ],
)
def test_2xx_is_success_410_the_end_and_all_else_a_failure(status: int, meaning: Outcome) -> None:
    """7: the hub MUST consider all other subscriber response codes as failures."""
    assert outcome(Answer(status=status)) is meaning


def test_no_answer_is_a_failure() -> None:
    assert outcome(Failure("no answer within 10 s")) is Outcome.FAILED


async def test_410_ends_the_subscription(hub: World, callback: Callback) -> None:
    """7: the hub MAY terminate the subscription if it receives 410."""
    await hub.subscribe(callback.url())
    callback.levers["/cb"] = lambda _: response(410)
    await hub.change(NEW)
    await hub.work()
    assert await hub.subscriptions() == 0


async def test_a_redirect_is_not_followed(hub: World, callback: Callback) -> None:
    """7: subscribers MUST NOT use HTTP redirects for moving subscriptions."""
    await hub.subscribe(callback.url())
    callback.levers["/cb"] = lambda _: response(307, Location=callback.url("/moved"))
    await hub.change(NEW)
    await hub.work()
    assert not callback.posts("/moved")
    assert await hub.behind() == 1


async def test_a_failure_is_tried_again_later(hub: World, callback: Callback) -> None:
    """7: hubs SHOULD retry; the subscription MUST stay active until the end of the lease."""
    await hub.subscribe(callback.url())
    callback.levers["/cb"] = lambda _: response(500)
    await hub.change(NEW)
    await hub.work()
    hub.later(5)
    await hub.work()
    assert len(callback.posts()) == 1
    hub.later(10)
    await hub.work()
    assert len(callback.posts()) == 2
    del callback.levers["/cb"]
    hub.later(80)
    await hub.work()
    assert len(callback.posts()) == 3
    assert await hub.behind() == 0


async def test_a_subscriber_that_was_down_gets_the_newest_state_once(
    world: World, callback: Callback
) -> None:
    await world.subscribe(callback.url())
    callback.levers["/cb"] = lambda _: response(503)
    for number in range(2, 6):
        await world.change(b"<feed>%d</feed>" % number)
        await world.work()
    assert len(callback.posts()) == 1, "changes do not hurry the retries of one that is down"
    del callback.levers["/cb"]
    world.later(15)
    await world.work()
    assert [got.body for got in callback.posts()[1:]] == [b"<feed>5</feed>"]


async def test_after_giving_up_the_next_change_is_tried_again(
    hub: World, callback: Callback
) -> None:
    """7: if a new update is published, MUST continue to retry delivery."""
    await hub.subscribe(callback.url())
    callback.levers["/cb"] = lambda _: response(500)
    await hub.change(NEW)
    for _ in range(20):
        await hub.work()
        hub.later(8 * 3600)
    assert len(callback.posts()) == 13, "the first, and the retries up to the limit"
    assert await hub.subscriptions() == 1
    del callback.levers["/cb"]
    await hub.change(b"<feed>3</feed>")
    await hub.work()
    assert callback.posts()[-1].body == b"<feed>3</feed>"
    assert await hub.behind() == 0


async def test_whoever_renews_is_sent_at_once_what_is_owed(
    world: World, callback: Callback
) -> None:
    await world.subscribe(callback.url())
    callback.levers["/cb"] = lambda _: response(500)
    await world.change(NEW)
    await world.work()
    del callback.levers["/cb"]
    await world.subscribe(callback.url())
    assert [got.body for got in callback.posts()] == [NEW, NEW]
    assert await world.behind() == 0


async def test_what_changes_while_it_is_pushed_is_pushed_after_it(
    world: World, callback: Callback
) -> None:
    await world.subscribe(callback.url())
    callback.levers["/cb"] = lambda _: None
    await world.change(NEW)
    await world.hub.work(world.clock)
    await _until(lambda: bool(callback.stalled))
    await world.change(b"<feed>3</feed>")
    await world.hub.work(world.clock)
    assert len(callback.posts()) == 1, "one at a time"
    callback.levers.clear()
    callback.stalled[0].write(response(204))
    await world.hub.settle()
    await world.work()
    assert [got.body for got in callback.posts()] == [NEW, b"<feed>3</feed>"]
    assert await world.behind() == 0


async def test_what_was_pushed_before_it_was_announced_is_not_pushed_again(
    world: World, callback: Callback
) -> None:
    await world.subscribe(callback.url())
    await world.change(NEW)
    world.contents[TOPIC] = Content(b"<feed>3</feed>", ATOM, 3)
    await world.work()
    await world.hub.announce({TOPIC: 3}, world.now)
    await world.work()
    assert [got.body for got in callback.posts()] == [b"<feed>3</feed>"]


async def test_a_document_that_is_announced_but_not_here_yet_is_waited_for(
    hub: World, callback: Callback
) -> None:
    await hub.subscribe(callback.url())
    await hub.hub.announce({TOPIC: 2}, hub.now)
    await hub.work()
    assert not callback.posts()
    await hub.change(NEW)
    hub.later(1)
    await hub.work()
    assert [got.body for got in callback.posts()] == [NEW]


async def test_a_topic_that_is_away_for_a_moment_costs_no_push(
    hub: World, callback: Callback
) -> None:
    await hub.subscribe(callback.url())
    await hub.change(NEW)
    content = hub.contents.pop(TOPIC)
    await hub.work()
    hub.contents[TOPIC] = content
    hub.later(60)
    await hub.work()
    assert [got.body for got in callback.posts()] == [NEW]


async def test_a_hub_that_died_is_finished_by_its_successor(
    world: World, callback: Callback
) -> None:
    """Nothing stands in memory: neither an unverified request nor a push that was under way."""
    await world.subscribe(callback.url())
    await world.change(NEW)
    await world.ask(callback.url("/second"))
    callback.levers = {"/cb": lambda _: None, "/second": lambda _: None}
    await world.hub.work(world.clock)
    await _until(lambda: len(callback.stalled) == 2)
    await world.hub.stop()
    callback.levers.clear()
    callback.got.clear()
    world.hub = world.another_hub()
    await world.work()
    assert not callback.got, "another process might be at it"
    world.later(world.settings.patience + 20)
    await world.work()
    assert [got.body for got in callback.posts()] == [NEW]
    assert (await world.subscriptions(), await world.behind()) == (2, 0)


async def test_whoever_is_alone_need_not_wait_for_the_claims_of_the_dead(
    hub: World, callback: Callback
) -> None:
    await hub.subscribe(callback.url())
    callback.levers["/cb"] = lambda _: None
    await hub.change(NEW)
    await hub.hub.work(hub.clock)
    await hub.hub.stop()
    callback.levers.clear()
    callback.got.clear()
    hub.hub = hub.another_hub()
    await hub.hub.recover()
    await hub.work()
    assert [got.body for got in callback.posts()] == [NEW]


async def test_two_hubs_on_one_database_push_each_thing_once(
    world: World, callback: Callback
) -> None:
    for number in range(6):
        await world.subscribe(callback.url(f"/{number}"))
    await world.change(NEW)
    second = world.another_hub()
    for _ in range(3):
        await asyncio.gather(world.hub.work(world.clock), second.work(world.clock))
        await asyncio.gather(world.hub.settle(), second.settle())
    assert [len(callback.posts(f"/{number}")) for number in range(6)] == [1] * 6


async def test_a_slow_callback_delays_no_other(hub: World, callback: Callback) -> None:
    hub.configured(pushes=4, per_host=2, patience=30.0)
    for path in ("/slow1", "/slow2", "/slow3"):
        await hub.subscribe(callback.url(path, "one.example"))
    for number in range(10):
        await hub.subscribe(callback.url(f"/quick{number}", "two.example"))
    for path in ("/slow1", "/slow2", "/slow3"):
        callback.levers[path] = lambda _: None
    await hub.change(NEW)
    await _keep_working(hub, lambda: all(callback.posts(f"/quick{n}") for n in range(10)))
    assert len(callback.stalled) == 2, "no more than two at a time to one host"
    await hub.hub.stop()


async def test_callbacks_that_failed_take_at_most_half_of_the_room(
    hub: World, callback: Callback
) -> None:
    hub.configured(pushes=4, per_host=4, patience=0.3)
    for number in range(6):
        await hub.subscribe(callback.url(f"/dead{number}", "one.example"))
        callback.levers[f"/dead{number}"] = lambda _: None
    await hub.subscribe(callback.url("/alive", "two.example"))
    await hub.change(NEW)
    await hub.work()
    assert len(callback.posts("/alive")) == 1
    hub.configured(patience=30.0)
    hub.later(15)
    before = len(callback.stalled)
    await hub.change(b"<feed>3</feed>")
    await _keep_working(hub, lambda: len(callback.posts("/alive")) == 2)
    assert len(callback.stalled) - before == 2
    await hub.hub.stop()


async def test_a_push_leaves_within_two_seconds_of_the_commit(
    hub: World, callback: Callback
) -> None:
    for number in range(10):
        await hub.subscribe(callback.url(f"/{number}"))
    began = time.monotonic()
    await hub.change(NEW)
    await hub.work()
    assert all(callback.posts(f"/{number}") for number in range(10))
    assert time.monotonic() - began < 2.0


def test_the_waits_grow_are_spread_and_end() -> None:
    waits = [next_push(attempt, NOW, "a") for attempt in range(1, 14)]
    assert waits[-1] is None
    seconds = [(due - NOW) / timedelta(seconds=1) for due in waits if due]
    assert seconds == pytest.approx(
        [10, 60, 300, 900, 1800, 3600, 7200, 14_400, *([21_600] * 4)], rel=0.2
    )
    assert next_push(1, NOW, "a") != next_push(1, NOW, "b")
    assert next_push(1, NOW, "a") == next_push(1, NOW, "a")


async def _until(done: object, seconds: float = 2.0) -> None:
    assert callable(done)
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


async def _keep_working(hub: World, done: object, seconds: float = 10.0) -> None:
    """Let the hub work at every wake, as a service does, until `done`."""
    assert callable(done)
    async with asyncio.timeout(seconds):
        while not done():
            await hub.hub.work(hub.clock)
            await asyncio.sleep(0.01)
