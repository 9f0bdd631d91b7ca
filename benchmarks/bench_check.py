"""`paperround check` with many subscribers, beside a bare `yaml.load` of the same file.

Ours is the whole command in a process of its own: interpreter, imports, reading, every check, and
the end. The reference is libyaml's loader alone, already imported, which checks nothing. Both are
the processor's time, which others on the machine disturb less than the clock's.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml
from measuring import figure

GOALS = {10_000: 1000, 100_000: 8000}  # milliseconds by the number of subscribers
RUNS = {10_000: 5, 100_000: 1}

SITE = """\
version: 1
site: {name: Courier, url: https://news.example.org, timezone: Europe/Paris}
store: sqlite:///news.db
mail: {from: news@example.org, transport: maildir:mail}
digests:
  morning:
    schedule: every weekday at 07:30
    timezone: subscriber
    topics: {sport: {select: {sections: [sport]}}}
  weekly: {schedule: every sunday at 09:00}
subscribers:
"""
READERS = (
    "  - {{email: r{n}@readers.example, name: Reader {n}, digests: [morning]}}\n",
    "  - {{email: r{n}@readers.example, digests: {{morning: {{topics: [sport],"
    " schedule: every sunday at 09:00}}}}}}\n",
    "  - email: r{n}@readers.example\n    name: Reader {n}\n"
    "    digests: [morning, weekly]\n    timezone: Asia/Tokyo\n    language: en\n",
    "  - {{email: r{n}@readers.example, digests: weekly}}\n",
)


def write(path: Path, subscribers: int) -> None:
    lines = (READERS[n % len(READERS)].format(n=n) for n in range(subscribers))
    path.write_text(SITE + "".join(lines), encoding="utf-8")


def check(path: Path) -> None:
    paperround = Path(sys.executable).with_name("paperround")
    subprocess.run([paperround, "check", "--config", path], check=True, capture_output=True)


def bare(path: Path) -> None:
    with path.open("rb") as stream:
        yaml.load(stream, Loader=yaml.CSafeLoader)


def busy(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def milliseconds(work: Callable[[], None], who: int, runs: int) -> float:
    """Return the median of the processor's time that `work` takes, of this process or children."""
    taken = []
    for _ in range(runs):
        began = busy(who)
        work()
        taken.append(busy(who) - began)
    return statistics.median(taken) * 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paperround.yaml"
        for subscribers, goal in GOALS.items():
            write(path, subscribers)
            runs = RUNS[subscribers]
            ours = milliseconds(lambda: check(path), resource.RUSAGE_CHILDREN, runs)
            reference = milliseconds(lambda: bare(path), resource.RUSAGE_SELF, runs)
            name = f"check {subscribers} subscribers (goal: at most {goal} ms)"
            figure(name, ours, reference, "ms", reference / ours)


if __name__ == "__main__":
    main()
