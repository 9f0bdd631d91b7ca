"""`paperround check` with 10,000 subscribers, beside a bare `yaml.load` of the same file.

Ours is the whole command in a process of its own: interpreter, imports, reading, every check, and
the end. The reference is libyaml's loader alone, already imported, which checks nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from measuring import figure, median_seconds

SUBSCRIBERS = 10_000
GOAL = 1000  # milliseconds

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


def write(path: Path) -> None:
    lines = (READERS[n % len(READERS)].format(n=n) for n in range(SUBSCRIBERS))
    path.write_text(SITE + "".join(lines), encoding="utf-8")


def check(path: Path) -> None:
    paperround = Path(sys.executable).with_name("paperround")
    subprocess.run([paperround, "check", "--config", path], check=True, capture_output=True)


def bare(path: Path) -> None:
    with path.open("rb") as stream:
        yaml.load(stream, Loader=yaml.CSafeLoader)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paperround.yaml"
        write(path)
        ours = median_seconds(lambda: check(path))
        reference = median_seconds(lambda: bare(path))
    figure(
        f"check {SUBSCRIBERS} subscribers (goal: at most {GOAL} ms)",
        ours * 1000,
        reference * 1000,
        "ms",
        reference / ours,
    )


if __name__ == "__main__":
    main()
