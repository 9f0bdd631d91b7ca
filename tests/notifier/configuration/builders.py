"""Small configurations in a folder, read as an operator's are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from notifier.configuration import Loaded, load
from notifier.settings import Settings

SITE = "site: {name: Courier, url: https://news.example.org, timezone: Europe/Paris}\n"
BASE = f"version: 1\n{SITE}store: sqlite:///news.db\n"
MAIL = "mail: {from: news@example.org, transport: maildir:mail}\n"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write `files` (by name) into `folder` and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, *, environ: Mapping[str, str] | None = None, **sections: str) -> Loaded:
    """Read a folder of the base configuration, mail, and a file for each of `sections`."""
    files = {"base.yaml": BASE, "mail.yaml": MAIL}
    files |= {f"{name}.yaml": text for name, text in sections.items()}
    return load(write(folder, files), environ or {})


def settings(
    folder: Path, *, environ: Mapping[str, str] | None = None, **sections: str
) -> Settings:
    """Read the same; it must have no problems."""
    loaded = read(folder, environ=environ, **sections)
    assert [str(problem) for problem in loaded.problems] == []
    return loaded.settings_or_raise()


def told(loaded: Loaded) -> list[str]:
    """Return the headline of each problem with its hint, the folder left out."""
    found = []
    for problem in loaded.problems:
        place = Path(problem.headline.split(":")[0])
        line = problem.headline.replace(f"{place.parent}/", "")
        found.append(f"{line} | {problem.hint}" if problem.hint else line)
    return found
