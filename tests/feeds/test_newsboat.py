"""A real feed reader, Newsboat, subscribes on loopback and sees each article exactly once."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from feeds import FeedSpec, Site
from feeds.kit.database import Database
from feeds.library import Press, publish
from feeds.web import FeedServer
from tests.conftest import NOW
from tests.feeds.builders import a_feed, an_article
from tests.feeds.library.builders import a_press

pytestmark = pytest.mark.slow

NAMES = ("a", "b", "c", "d")


class Reader:
    """Newsboat with a home of its own."""

    def __init__(self, home: Path, addresses: Sequence[str]) -> None:
        self._home = home
        home.mkdir()
        (home / "urls").write_text("".join(f"{address}\n" for address in addresses))
        (home / "config").write_text("show-read-feeds yes\n")

    async def reload(self) -> None:
        command = shutil.which("newsboat")
        assert command, "this test needs newsboat: apt-get install newsboat"
        home = self._home
        options = ["-u", home / "urls", "-c", home / "cache.db", "-C", home / "config"]
        done = await asyncio.to_thread(
            subprocess.run,
            [command, *map(str, options), "-x", "reload"],
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert "error" not in done.stderr.lower(), done.stderr

    def move(self, before: str, after: str) -> None:
        """Follow the server to another port, as if it were the same address still."""
        urls = self._home / "urls"
        urls.write_text(urls.read_text().replace(before, after))
        with sqlite3.connect(self._home / "cache.db") as cache:
            values = (before, after)
            cache.execute("UPDATE rss_feed SET rssurl = replace(rssurl, ?, ?)", values)
            cache.execute("UPDATE rss_item SET feedurl = replace(feedurl, ?, ?)", values)
        cache.close()

    def titles(self) -> list[str]:
        with sqlite3.connect(self._home / "cache.db") as cache:
            rows = cache.execute("SELECT title FROM rss_item ORDER BY title").fetchall()
        cache.close()
        return [title for (title,) in rows]


class _Web(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """The tests' own handlers stay."""


@asynccontextmanager
async def serving(
    database: Database, *feeds: FeedSpec
) -> AsyncIterator[tuple[Press, FeedServer, str]]:
    """Serve what `publish` has put on the shelf, at an address that is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        press = a_press(database, *feeds, site=Site(name="Riverside Courier", url=address))
        server = FeedServer(press.shelf, press.site, press)
        web = _Web(uvicorn.Config(server, lifespan="off", log_level="error"))
        task = asyncio.create_task(web.serve(sockets=[listener]))
        try:
            yield press, server, address
        finally:
            web.should_exit = True
            await task


async def bring(press: Press, server: FeedServer, *names: str, **fields: object) -> None:
    articles = [
        an_article(**({"id": name, "path": "", "title": f"About {name}"} | fields))
        for name in names
    ]
    await press.store.ingest(articles, NOW)
    await publish(press, NOW)
    await server.refresh()


@pytest.mark.parametrize("ending", ["rss", "atom"])
async def test_each_article_once_and_none_twice(
    sqlite: Database, tmp_path: Path, ending: str
) -> None:
    async with serving(sqlite, a_feed()) as (press, server, address):
        await bring(press, server, *NAMES[:2])
        reader = Reader(tmp_path / "home", [f"{address}/feeds/all.{ending}"])
        await reader.reload()
        assert reader.titles() == ["About a", "About b"]
        await bring(press, server, *NAMES[2:])
        await bring(press, server, "a", text="The words have changed.")
        await bring(press, server, *NAMES[1:])  # the same documents once more
        await reader.reload()
        assert reader.titles() == [f"About {name}" for name in NAMES]


async def test_a_renamed_feed_brings_nothing_twice(sqlite: Database, tmp_path: Path) -> None:
    async with serving(sqlite, a_feed(name="old")) as (press, server, address):
        await bring(press, server, *NAMES)
        reader = Reader(tmp_path / "home", [f"{address}/feeds/old.atom"])
        await reader.reload()
    async with serving(sqlite, a_feed(name="new", was=("old",))) as (press, server, renamed):
        await bring(press, server, *NAMES)
        reader.move(address, renamed)
        await reader.reload()
        assert reader.titles() == [f"About {name}" for name in NAMES]


async def test_a_rebuilt_store_brings_nothing_twice(
    sqlite: Database, sqlite_tables: Path, tmp_path: Path
) -> None:
    async with serving(sqlite, a_feed()) as (press, server, address):
        await bring(press, server, *NAMES)
        reader = Reader(tmp_path / "home", [f"{address}/feeds/all.rss"])
        await reader.reload()
    shutil.copy(sqlite_tables, tmp_path / "rebuilt.db")
    rebuilt = Database(f"sqlite:///{tmp_path / 'rebuilt.db'}")
    async with serving(rebuilt, a_feed()) as (press, server, again):
        await bring(press, server, *NAMES)
        reader.move(address, again)
        await reader.reload()
        assert reader.titles() == [f"About {name}" for name in NAMES]
    await rebuilt.close()
