"""A real nginx and a real Caddy serve the static tree well with the lines of the documentation."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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


CADDY = shutil.which("caddy")
Serving = Callable[[Path, Path], AbstractContextManager[str]]


def documented(root: Path, port: int) -> str:
    """Return the configuration of the documentation, for another folder and port."""
    [lines] = re.findall(r"```nginx\n(.*?)```", SERVING.read_text(encoding="utf-8"), re.DOTALL)
    changes = {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "/srv/paperround": str(root),
        "    location / {": f"{other_names('rewrite ')}\n    location / {{",
    }
    if BROTLI.exists():
        changes["# brotli_static on;"] = "brotli_static on;"
    for ours, theirs in changes.items():
        assert ours in lines
        lines = lines.replace(ours, theirs)
    return str(lines)


def other_names(start: str) -> str:
    """Return the documented lines about a feed that was renamed and one that is gone."""
    text = SERVING.read_text(encoding="utf-8")
    [lines] = re.findall(rf"```\n({re.escape(start)}.*?)```", text, re.DOTALL)
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
def nginx(tree: Path, folder: Path) -> Iterator[str]:
    """Let nginx serve `tree` for a while; give the address."""
    assert NGINX, "this test needs nginx: apt-get install nginx-light"
    port = a_free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(around(documented(tree, port), folder))
    with running([NGINX, "-c", str(configuration)], port, folder):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def caddy(tree: Path, folder: Path) -> Iterator[str]:
    """Let Caddy serve `tree` for a while, without certificates; give the address."""
    assert CADDY, "this test needs Caddy: apt-get install caddy"
    port = a_free_port()
    text = SERVING.read_text(encoding="utf-8")
    [lines] = re.findall(r"```\n(news\.example\.org \{\n    root .*?)```", text, re.DOTALL)
    assert "/srv/paperround" in lines
    lines = lines.replace(
        "news.example.org {", f"http://127.0.0.1:{port} {{\n{other_names('@renamed ')}"
    )
    configuration = folder / "Caddyfile"
    alone = "{\n    admin off\n    auto_https off\n}\n"
    configuration.write_text(alone + lines.replace("/srv/paperround", str(tree)))
    command = [CADDY, "run", "--adapter", "caddyfile", "--config", str(configuration)]
    with running(command, port, folder):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """Run a server that has its home in `folder` and listens on `port`, for a while."""
    log = folder / "error.log"
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with log.open("ab") as errors:
        process = subprocess.Popen(command, stderr=errors, env=os.environ | home)  # noqa: S603 - ours
    with process:
        try:
            wait_for(port, log)
            yield
        finally:
            process.terminate()


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@pytest.fixture(params=[nginx, caddy])
def serving(request: pytest.FixtureRequest) -> Serving:
    made: Serving = request.param
    return made


@pytest.fixture
async def client(
    press: Press, tmp_path: Path, serving: Serving
) -> AsyncIterator[httpx.AsyncClient]:
    tree, folder = tmp_path / "site", tmp_path / "server"
    folder.mkdir()
    await carry(press, tree, *[an_article(id=str(n), path="", text=WORDS) for n in range(7)])
    with serving(tree, folder) as address:
        async with httpx.AsyncClient(base_url=address) as client:
            yield client


def wait_for(port: int, log: Path) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"the server did not start: {log.read_text() if log.exists() else ''}")


TYPES = {
    "/": "text/html; charset=utf-8",
    "/feeds/all.rss": "application/rss+xml; charset=utf-8",
    "/feeds/all.atom": "application/atom+xml; charset=utf-8",
    "/feeds/all.json": "application/feed+json; charset=utf-8",
    "/feeds.opml": "text/x-opml; charset=utf-8",
}


async def test_the_tree_is_served_as_documented(
    client: httpx.AsyncClient, press: Press, serving: Serving
) -> None:
    codings = ["identity", "gzip", *(BROTLI_TOO if serving is nginx else ["br"])]
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
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "public, max-age=60"
    archive = press.feeds[0].archive_name(1)
    assert (await client.get(f"/feeds/all/{archive}.rss")).status_code == 200
    for path in ("/.paperround.json", "/feeds/none.rss", "/articles/none", "/feeds/.all.rss.draft"):
        assert (await client.get(path)).status_code == 404


async def test_a_feed_has_another_name_or_is_gone_as_documented(client: httpx.AsyncClient) -> None:
    renamed = await client.get("/feeds/old-name.atom")
    assert renamed.status_code == 301
    assert renamed.headers["location"].endswith("/feeds/new-name.atom")
    assert (await client.get("/feeds/closed.rss")).status_code == 410


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
