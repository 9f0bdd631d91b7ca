"""The service lives while its scheduler rings, and is ready while its store answers too."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feeds.errors import StoreError
from notifier.service.health import OK, SILENCE, Health, Pulse
from notifier.service.systemd import Manager


def test_a_scheduler_that_was_silent_for_long_is_dead() -> None:
    pulse = Pulse()
    pulse.beat(100.0)
    assert pulse.state(100.0 + SILENCE - 1) == OK
    assert pulse.state(100.0 + SILENCE) == "no beat for 30 s"


def test_the_lag_is_how_much_later_a_beat_came_than_it_should() -> None:
    pulse = Pulse(interval=1.0)
    assert [pulse.beat(now) for now in (5.0, 6.0, 9.5, 10.0)] == [0.0, 0.0, 2.5, 0.0]


async def well() -> None:
    """A store that answers."""


async def test_a_long_first_look_is_no_death_but_nothing_is_ready_yet() -> None:
    health = Health(well)
    assert health.live() == {"scheduler": OK}
    ready = await health.ready()
    assert (ready["scheduler"], ready["sockets"]) == ("it has not begun", "not open")
    health.pulse.beat(time.monotonic())
    health.listening = True
    assert set((await health.ready()).values()) == {OK}
    health.stopping = True
    assert (await health.ready())["service"] == "it is being stopped"


async def test_a_store_that_cannot_be_read_is_told_without_its_path() -> None:
    async def broken() -> None:
        raise StoreError("store sqlite:////var/lib/paper.db cannot be read")

    told = (await Health(broken).ready())["store"]
    assert told == "it cannot be used; the log says why"


async def test_the_last_edit_is_named_while_it_is_not_in_force() -> None:
    health = Health(well, edit="2 problems")
    assert (await health.ready())["configuration"] == "ok, but not the last edit: 2 problems"


@contextmanager
def a_manager(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(5)
        yield listener


@pytest.mark.parametrize("abstract", [True, False])
def test_a_service_manager_is_told_by_a_datagram(tmp_path: Path, abstract: bool) -> None:
    name = str(tmp_path / "notify")
    given = f"@{name}" if abstract else name
    environ = {"NOTIFY_SOCKET": given, "WATCHDOG_USEC": "90000000", "HOME": "/"}
    manager = Manager.of(environ)
    assert environ == {"HOME": "/"}
    with a_manager(f"\0{name}" if abstract else name) as listener:
        manager.ready("running")
        assert listener.recv(100) == b"READY=1\nSTATUS=running"
        manager.reloading()
        assert listener.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        manager.alive()
        assert listener.recv(100) == b"WATCHDOG=1"
        manager.stopping()
        assert listener.recv(100).startswith(b"STOPPING=1")


def test_without_a_manager_or_with_one_that_is_gone_nothing_happens(tmp_path: Path) -> None:
    for manager in (Manager(), Manager(str(tmp_path / "nobody"), watchdog=True)):
        manager.ready("running")
        manager.alive()
        manager.stopping()
