"""A real nginx serves the static tree well with the lines that the documentation gives."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from feeds import Article
from feeds.kit.database import Database
from feeds.library import Press, mirror, publish
from feeds.publish import DirectoryShelf
from tests.conftest import NOW
from tests.feeds.builders import a_feed, an_article
from tests.feeds.library.builders import a_press

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
BROTLI_TOO = ["br"] if BROTLI.exists() else []
SERVING = Path(__file__).parents[3] / "docs" / "serving.md"
WORDS = "The ferry runs again. " * 100

pytestmark = pytest.mark.slow


def documented(root: Path, port: int) -> str:
    """Return the configuration of the documentation, for another folder and port."""
    [lines] = re.findall(r"```nginx\n(.*?)```", SERVING.read_text(encoding="utf-8"), re.DOTALL)
    changes = {"listen 80;": f"listen 127.0.0.1:{port};", "/srv/paperround": str(root)}
    if BROTLI.exists():
        changes["# brotli_static on;"] = "brotli_static on;"
    for ours, theirs in changes.items():
        assert ours in lines
        lines = lines.replace(ours, theirs)
    return str(lines)


def around(server: str, folder: Path) -> str:
    """Return a whole configuration that writes nowhere but into `folder`."""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        (f"load_module {BROTLI};" if BROTLI.exists() else "")
        + ("user root;" if os.geteuid() == 0 else "")
        + f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;"
        + f"events {{}} http {{ access_log off; {temporary}\n{server} }}"
    )


async def carry(press: Press, tree: Path, *articles: Article, hours: int = 0) -> None:
    now = NOW + timedelta(hours=hours)
    await press.store.ingest(articles, now)
    await publish(press, now)
    await mirror(press, DirectoryShelf(tree))


@pytest.fixture
def press(sqlite: Database) -> Press:
    return a_press(sqlite, a_feed(items=3))


@contextmanager
def serving(tree: Path, folder: Path) -> Iterator[str]:
    """Let nginx serve `tree` for a while; give the address."""
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = folder / "nginx.conf"
    configuration.write_text(around(documented(tree, port), folder))
    assert NGINX, "this test needs nginx: apt-get install nginx-light"
    command = [NGINX, "-c", str(configuration)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            wait_for(port, folder / "error.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
async def client(press: Press, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    tree = tmp_path / "site"
    await carry(press, tree, *[an_article(id=str(n), path="", text=WORDS) for n in range(7)])
    with serving(tree, tmp_path / "nginx") as address:
        async with httpx.AsyncClient(base_url=address) as client:
            yield client


def wait_for(port: int, log: Path) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"nginx did not start: {log.read_text() if log.exists() else ''}")


TYPES = {
    "/": "text/html; charset=utf-8",
    "/feeds/all.rss": "application/rss+xml; charset=utf-8",
    "/feeds/all.atom": "application/atom+xml; charset=utf-8",
    "/feeds/all.json": "application/feed+json; charset=utf-8",
    "/feeds.opml": "text/x-opml; charset=utf-8",
}


async def test_the_tree_is_served_as_documented(
    client: httpx.AsyncClient, press: Press, tmp_path: Path
) -> None:
    codings = ["identity", "gzip", *BROTLI_TOO]
    for path, expected in TYPES.items():
        plain = await client.get(path, headers={"Accept-Encoding": "identity"})
        for coding in codings if path.startswith("/feeds/") else ["identity"]:
            answer = await client.get(path, headers={"Accept-Encoding": coding})
            assert answer.status_code == 200
            assert answer.headers["content-type"] == expected
            assert answer.headers.get("content-encoding", "identity") == coding
            assert answer.content == plain.content
            assert answer.headers["x-content-type-options"] == "nosniff"
            condition = {"Accept-Encoding": coding, "If-None-Match": answer.headers["etag"]}
            assert (await client.get(path, headers=condition)).status_code == 304
            dated = {
                "Accept-Encoding": coding,
                "If-Modified-Since": answer.headers["last-modified"],
            }
            assert (await client.get(path, headers=dated)).status_code == 304
    feed = await client.get("/feeds/all.atom")
    assert feed.headers["vary"] == "Accept-Encoding"
    assert feed.headers["access-control-allow-origin"] == "*"
    assert "max-age=300" in feed.headers["cache-control"]
    entry = (await press.store.arrived(0, 9, 1))[0].article
    page = await client.get(f"/articles/{entry.id}")
    assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
    archive = press.feeds[0].archive_name(1)
    assert (await client.get(f"/feeds/all/{archive}.rss")).status_code == 200
    for path in ("/.paperround.json", "/feeds/none.rss", "/articles/none", "/feeds/.all.rss.draft"):
        assert (await client.get(path)).status_code == 404


async def test_every_change_changes_the_validators(
    client: httpx.AsyncClient, press: Press, tmp_path: Path
) -> None:
    tree, seen, dates = tmp_path / "site", set(), set()
    for words in ("one", "two", "six"):  # the same size, and the clock stands still
        await carry(press, tree, an_article(id="0", path="", text=f"{words} {WORDS}"), hours=1)
        for coding in ("identity", "gzip"):
            answer = await client.get("/feeds/all.atom", headers={"Accept-Encoding": coding})
            assert words in answer.text
            seen.add(answer.headers["etag"])
            dates.add(answer.headers["last-modified"])
    assert len(seen) == 6
    assert len(dates) == 3
