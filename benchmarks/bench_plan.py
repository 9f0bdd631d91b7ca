"""`plan`, `explain`, `preview`, `subscribers show` and `send --to` with 100,000 subscribers.

Two digests that share their articles, with topics, in a few zones and in many: 96 lanes and 2,880.
Each command is a process of its own: interpreter, imports, reading the configuration, asking, and
the end. The figures are the processor's time, which others on the machine disturb less than the
clock's. The reference is `paperround check` of the same configuration, which has no store to ask.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

from measuring import figure

from notifier.schedule.slots import zone_names

READERS, ARTICLES = 100_000, 200
ZONES = (2, 60)  # with 48 selections each: 96 lanes and 2,880
GOALS = {"plan": 5, "explain": 3, "preview --for": 3, "subscribers show": 3, "send --to": 3}  # s

SITE = """\
version: 1
site: {name: Riverside Courier, url: https://news.example.org, timezone: Europe/Paris}
store: sqlite:///news.db
sources: [{folder: articles}]
mail: {from: news@example.org, transport: maildir:mail}
digests:
  morning:
    schedule: every day at 07:30
    timezone: subscriber
    topics: {t0: {select: {tags: [t0]}}, t1: {select: {tags: [t1]}}, t2: {select: {tags: [t2]}},
      t3: {select: {tags: [t3]}}, t4: {select: {tags: [t4]}}}
  evening:
    schedule: every day at 18:00
    timezone: subscriber
    select: {tags: [t0, t1, t2, t3]}
    topics: {t0: {select: {tags: [t0]}}, t1: {select: {tags: [t1]}}, t2: {select: {tags: [t2]}},
      t3: {select: {tags: [t3]}}}
subscribers_file: readers.csv
"""


def write(folder: Path, readers: int, zones: int) -> None:
    """Write a configuration, its readers, and articles."""
    (folder / "paperround.yaml").write_text(SITE, encoding="utf-8")
    kinds = list(product(_zones(zones), _selections(5), ("morning", "morning evening")))
    lines = ["email,name,digests,timezone,topics"]
    for number in range(readers):
        zone, topics, digests = kinds[number % len(kinds)]
        shared = [topic for topic in topics if topic != "t4"] if " " in digests else topics
        address = f"reader{number}@readers.example"
        lines.append(f"{address},Reader {number},{digests},{zone},{' '.join(shared)}")
    (folder / "readers.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    articles = [
        {
            "id": str(number),
            "title": f"Article number {number}",
            "content_text": f"{number} carries traffic again after a year of work. " * 20,
            "tags": [f"t{number % 7}"],
        }
        for number in range(ARTICLES)
    ]
    (folder / "articles").mkdir()
    (folder / "articles" / "all.json").write_text(json.dumps(articles), encoding="utf-8")


def _zones(number: int) -> list[str]:
    return [zone for zone in sorted(zone_names()) if zone.startswith("America/")][:number]


def _selections(topics: int) -> list[list[str]]:
    return [
        [f"t{bit}" for bit in range(topics) if subset >> bit & 1] for subset in range(1 << topics)
    ]


def seconds(folder: Path, *words: str) -> float:
    """Return the processor's time that a command takes, in a process of its own."""
    paperround = Path(sys.executable).with_name("paperround")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [str(paperround), *words, "--config", str(folder / "paperround.yaml")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder: Path, readers: int, zones: int) -> None:
    write(folder, readers, zones)
    seconds(folder, "ingest", str(folder / "articles"))
    reference = seconds(folder, "check")
    somebody, test = f"reader{readers // 2}@readers.example", "editor@readers.example"
    commands = {
        "plan before anybody was taken in": ("plan",),
        "send, which takes all in": ("send",),
        "plan": ("plan",),
        "plan --for": ("plan", "--for", somebody),
        "explain": ("explain", f"Article number {ARTICLES // 2}", somebody),
        "preview --for": ("preview", "morning", "--for", somebody),
        "subscribers show": ("subscribers", "show", somebody),
        "send --to": ("send", "morning", "--to", test),
    }
    for name, words in commands.items():
        ours = seconds(folder, *words)
        goal = f" (goal: at most {GOALS[name]} s)" if name in GOALS else ""
        what = f"{name}{goal}, {readers:,} readers in {zones} zones"
        figure(what, ours, reference, "s", reference / ours)


def main() -> None:
    readers = int(sys.argv[1]) if len(sys.argv) > 1 else READERS
    for zones in map(int, sys.argv[2:]) if len(sys.argv) > 2 else ZONES:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), readers, zones)


if __name__ == "__main__":
    main()
