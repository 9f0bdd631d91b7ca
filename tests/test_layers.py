"""The layering of the architecture, and the one door of each outside library."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("feeds", "notifier")

KIT, NOUN, HAND, VERB, DOOR, ROOM, CLI = range(7)

# The first matching prefix of a module's dotted name decides; every module must have one.
RANKS = {
    "feeds.errors": KIT,
    "feeds.kit": KIT,
    "feeds.document": NOUN,
    "feeds.article": NOUN,
    "feeds.query": NOUN,
    "feeds.feed": NOUN,
    "feeds.labels": NOUN,
    "feeds.membership": NOUN,
    "feeds.revision": NOUN,
    "feeds.sanitize": HAND,
    "feeds.store": HAND,
    "feeds.sources": HAND,
    "feeds.render": HAND,
    "feeds.publish": HAND,
    "feeds.websub.settings": NOUN,
    "feeds.websub": HAND,
    "feeds.library": VERB,
    "feeds.web": DOOR,
    "notifier.errors": KIT,
    "notifier.subscriber": NOUN,
    "notifier.settings": NOUN,
    "notifier.tokens": NOUN,
    "notifier.schedule.slots": NOUN,
    "notifier.schedule.language": NOUN,
    "notifier.schedule.alarm": HAND,
    "notifier.schedule": NOUN,
    "notifier.digest.spec": NOUN,
    "notifier.digest.issue": NOUN,
    "notifier.digest.compose": HAND,
    "notifier.digest.dates": KIT,
    "notifier.digest": NOUN,
    "notifier.delivery.delivery": NOUN,
    "notifier.delivery": HAND,
    "notifier.configuration": HAND,
    "notifier.declared": HAND,
    "notifier.roster": HAND,
    "notifier.tables": HAND,
    "notifier.migrations": HAND,
    "notifier.mailing": VERB,
    "notifier.reading": VERB,
    "notifier.subscribing": VERB,
    "notifier.web": DOOR,
    "notifier.service": ROOM,
    "notifier.cli": CLI,
}

# Hands touch one outside thing each and never each other; stores share table definitions.
SHARED_BY_HANDS = {"notifier.tables", "feeds.store.tables"}

# What the notifier may see of feeds, besides `feeds` itself, `feeds.kit` and `feeds.errors`.
SURFACE = {
    "feeds.library",
    "feeds.publish",
    "feeds.render.page",
    "feeds.revision",
    "feeds.sources",
    "feeds.store",
    "feeds.web",
    "feeds.websub.hub",
    "feeds.websub.publisher",
    "feeds.websub.settings",
}

DOORS = {
    "aiosmtplib": {"notifier.delivery.smtp"},
    "apscheduler": {"notifier.schedule.alarm"},
    "brotli": {"feeds.kit.compression"},
    "babel": {"notifier.digest.dates"},
    "charset_normalizer": {"feeds.sources.reading"},
    "click": {"notifier.cli"},
    "css_inline": {"notifier.digest.compose"},
    "feedgen": {"feeds.render.syndication"},
    "httpcore": {"feeds.kit.outgoing"},
    "jinja2": {"feeds.kit.templates"},
    "lxml": {"feeds.render.syndication"},
    "markdown_it": {"feeds.sources.markdown"},
    "nh3": {"feeds.sanitize"},
    "pydantic": {"notifier.configuration"},
    "psycopg": {"feeds.kit.database"},
    "starlette": {"feeds.web", "notifier.web"},
    "uvicorn": {"notifier.service"},
    "uvloop": {"notifier.service.loop"},
    "yaml": {"feeds.kit.yaml"},
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = list(path.relative_to(ROOT).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            yield ".".join(parts), path


def imports(name: str, path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            module = node.module or ""
            candidates = [f"{module}.{alias.name}" for alias in node.names]
            yield from (c if is_module(c) else module for c in candidates)


def is_module(dotted: str) -> bool:
    path = ROOT.joinpath(*dotted.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def place(name: str) -> str:
    return next(prefix for prefix in RANKS if within(name, prefix))


def rank(name: str) -> int:
    return RANKS[place(name)]


ALL = dict(modules())
INSIDE = [name for name in ALL if name not in PACKAGES]


@pytest.mark.parametrize("name", INSIDE)
def test_imports_go_strictly_down_or_stay_in_their_folder(name: str) -> None:
    for target in imports(name, ALL[name]):
        if target.split(".")[0] not in PACKAGES or target in PACKAGES:
            continue
        same_room = place(target) == place(name)
        if same_room or target in SHARED_BY_HANDS:
            continue
        if target.startswith("feeds.") and within(name, "notifier"):
            open_to_all = any(within(target, kit) for kit in ("feeds.kit", "feeds.errors"))
            assert open_to_all or target in SURFACE, f"{name} reaches into feeds: {target}"
            assert rank(target) <= rank(name), f"{name} imports {target}"
            continue
        both_nouns = rank(target) == rank(name) == NOUN
        both_kit = rank(target) == rank(name) == KIT
        assert rank(target) < rank(name) or both_nouns or both_kit, f"{name} imports {target}"


@pytest.mark.parametrize("name", [n for n in ALL if within(n, "feeds")])
def test_feeds_has_never_heard_of_the_notifier(name: str) -> None:
    assert not [t for t in imports(name, ALL[name]) if within(t, "notifier")]


@pytest.mark.parametrize("name", [n for n in INSIDE if rank(n) == NOUN])
def test_nouns_need_the_standard_library_only(name: str) -> None:
    for target in imports(name, ALL[name]):
        top = target.split(".")[0]
        assert top in sys.stdlib_module_names or top in PACKAGES, f"{name} imports {target}"


@pytest.mark.parametrize("name", INSIDE)
def test_each_outside_library_has_one_door(name: str) -> None:
    for target in imports(name, ALL[name]):
        doors = DOORS.get(target.split(".")[0])
        if doors is not None:
            assert any(within(name, door) for door in doors), f"{name} imports {target}"


def test_nothing_imports_in_a_circle() -> None:
    graph = {
        name: {t for t in imports(name, path) if t in ALL and t != name and t not in PACKAGES}
        for name, path in ALL.items()
    }
    done: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> None:
        assert name not in path, f"circle: {' > '.join([*path[path.index(name) :], name])}"
        if name in done:
            return
        path.append(name)
        for target in sorted(graph[name]):
            visit(target)
        path.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)


def test_the_configuration_folder_holds_data_only() -> None:
    assert not list((ROOT / "config").rglob("*.py"))
