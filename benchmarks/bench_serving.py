"""Conditional and full GETs per second of our server against nginx, one process each.

`paperround run` serves; nginx (one worker) serves the same bytes as a static file on the same
machine. Short runs of both alternate, and the medians are compared. Needs nginx and wrk (Debian:
nginx-light, wrk).
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

RUNS, SECONDS, CONNECTIONS = 5, 1, 32
GOAL = 0.3  # of nginx, for conditional requests
PATH = "/feeds/all.atom"
COMMAND = [sys.executable, "-c", "from notifier.cli import main; main()"]

# Readers poll with the same octets each time, and the service remembers them. Not so these.
NO_TWO_ALIKE = """local number = 0
request = function()
    number = number + 1
    wrk.headers["X-Number"] = number
    return wrk.format()
end
"""


def a_paper(folder: Path, port: int) -> Path:
    """Write a configuration of one feed with fifty articles, 150 kB; return its folder."""
    (folder / "articles").mkdir()
    words = " ".join(f"word{number * number}" for number in range(260))
    for number in range(50):
        article = folder / "articles" / f"{number}.md"
        article.write_text(f"---\ntitle: Article {number}\n---\n{number} {words}\n")
    (folder / "config").mkdir()
    (folder / "config" / "paperround.yaml").write_text(f"""version: 1
site: {{name: Riverside Courier, url: "https://news.example.org", timezone: UTC}}
store: "sqlite:///{folder}/store.db"
web: {{listen: "127.0.0.1:{port}"}}
sources: [{{folder: ../articles}}]
feeds: {{all: {{title: Everything}}}}
""")
    return folder / "config"


def installed(name: str) -> str:
    return name if importlib.util.find_spec(name) else f"no {name}"


@contextmanager
def running(port: int, *command: str) -> Iterator[str]:
    """Run a server; give the address of the feed once it answers."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}{PATH}"
    finally:
        process.terminate()
        process.wait()


def nginx_configuration(folder: Path, port: int) -> Path:
    place = folder / "nginx.conf"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    place.write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;"
        f"events {{}} http {{ access_log off; sendfile on; tcp_nopush on; {temporary}"
        " keepalive_requests 100000000; open_file_cache max=100; gzip_static on; gzip_vary on;"
        " types { application/atom+xml atom; }"
        f" server {{ listen 127.0.0.1:{port}; root {folder}/site; }} }}"
    )
    return place


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def fetch(url: str, coding: str) -> tuple[bytes, str]:
    with urlopen(Request(url, headers={"Accept-Encoding": coding})) as answer:
        return answer.read(), answer.headers["ETag"]


def rate(url: str, *headers: str, script: Path | None = None) -> float:
    """Return answers per second."""
    wrk = [
        "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{SECONDS}s",
        *(["-s", str(script)] if script else []),
    ]
    told = [part for header in headers for part in ("-H", header)]
    out = subprocess.run([*wrk, *told, url], capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", out)
    assert found, out
    assert "Socket errors" not in out, out
    assert "Non-2xx" not in out, out
    return float(found[1])


def compare(
    name: str, ours: str, theirs: str, coding: str, *, conditional: bool, script: Path | None = None
) -> float:
    """Print the medians of alternating runs and their ratio."""
    figures: dict[str, list[float]] = {ours: [], theirs: []}
    for _ in range(RUNS):
        for url, found in figures.items():
            told = [f"Accept-Encoding: {coding}"]
            if conditional:
                told.append(f"If-None-Match: {fetch(url, coding)[1]}")
            found.append(rate(url, *told, script=script))
    mine, reference = (statistics.median(found) for found in figures.values())
    print(
        f"{name:24} ours {mine:9,.0f}/s   nginx {reference:9,.0f}/s   ratio {mine / reference:.2f}"
    )
    return mine / reference


def main() -> int:
    for needed in ("nginx", "wrk"):
        if shutil.which(needed) is None:
            print(f"serving: not measured, for there is no {needed} (apt-get install {needed})")
            return 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here, there = free_port(), free_port()
        us = [*COMMAND, "run", "--config", str(a_paper(folder, here))]
        ours = stack.enter_context(running(here, *us))
        body, _ = fetch(ours, "identity")
        time.sleep(1)  # it has been compressed then
        (folder / "site" / "feeds").mkdir(parents=True)
        place = folder / "site" / PATH.lstrip("/")
        place.write_bytes(body)
        place.with_name(f"{place.name}.gz").write_bytes(gzip.compress(body, 6, mtime=0))
        them = ["nginx", "-c", str(nginx_configuration(folder, there))]
        theirs = stack.enter_context(running(there, *them))
        with_ = f"{installed('uvloop')}, {installed('httptools')}"
        print(f"serving a feed of {len(body):,} octets, {CONNECTIONS} connections, {with_}")
        ratio = compare("conditional GET (304)", ours, theirs, "gzip", conditional=True)
        alike = folder / "no-two-alike.lua"
        alike.write_text(NO_TWO_ALIKE)
        compare("304, no two alike", ours, theirs, "gzip", conditional=True, script=alike)
        compare("GET, gzip", ours, theirs, "gzip", conditional=False)
        compare("GET, identity", ours, theirs, "identity", conditional=False)
        print(f"goal for conditional GETs: {GOAL}; {'met' if ratio >= GOAL else 'not met'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
