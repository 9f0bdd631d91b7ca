"""The layering of the architecture, and the one door of each outside library."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("feeds", "notifier")

KIT, NOUN, HAND, VERB, DOOR, ROOM, CLI = range(7)

# The first matching prefix of a module's dotted name decides; every module must have one.
RANKS = {
    "feeds.errors": KIT,
    "feeds.kit": KIT,
    "feeds.document": NOUN,
    "feeds.article": NOUN,
    "feeds.identifiers": NOUN,
    "feeds.making": NOUN,
    "feeds.query": NOUN,
    "feeds.matching": NOUN,
    "feeds.satisfiable": NOUN,
    "feeds.selections": NOUN,
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
    "notifier.preferences": NOUN,
    "notifier.enrolment": NOUN,
    "notifier.plain": NOUN,
    "notifier.settings": NOUN,
    "notifier.tokens": NOUN,
    "notifier.schedule.slots": NOUN,
    "notifier.schedule.language": NOUN,
    "notifier.schedule.alarm": HAND,
    "notifier.schedule": NOUN,
    "notifier.digest.spec": NOUN,
    "notifier.digest.issue": NOUN,
    "notifier.digest.lane": NOUN,
    "notifier.digest.overlap": NOUN,
    "notifier.digest.compose": HAND,
    "notifier.digest": NOUN,
    "notifier.delivery.addresses": NOUN,
    "notifier.delivery.delivery": NOUN,
    "notifier.delivery.pace": NOUN,
    "notifier.delivery.keys": KIT,
    "notifier.delivery.carriers.names": KIT,
    "notifier.delivery.carriers.library": KIT,
    "notifier.delivery": HAND,
    "notifier.deliverability": NOUN,
    "notifier.doctor": VERB,
    "notifier.dns": KIT,
    "notifier.configuration": HAND,
    "notifier.returns.returned": NOUN,
    "notifier.returns.mail": NOUN,
    "notifier.returns.reports": NOUN,
    "notifier.returns.automatic": NOUN,
    "notifier.returns.attribution": NOUN,
    "notifier.returns.policy": NOUN,
    "notifier.returns": HAND,
    "notifier.roster": HAND,
    "notifier.reloads": HAND,
    "notifier.tables": HAND,
    "notifier.migrations": HAND,
    "notifier.archive": VERB,
    "notifier.checking": VERB,
    "notifier.mailing": VERB,
    "notifier.probing": VERB,
    "notifier.reading": VERB,
    "notifier.returning": VERB,
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
    "feeds.render",
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
    "babel": {"feeds.kit.dates"},
    "charset_normalizer": {"feeds.sources.reading"},
    "click": {"notifier.cli"},
    "cryptography": {"notifier.delivery.keys"},
    "css_inline": {"notifier.digest.compose"},
    "dns": {"notifier.dns"},
    "feedgen": {"feeds.render.syndication"},
    "flufl": {"notifier.returns.unstructured"},
    "httpcore": {"feeds.kit.outgoing"},
    "jinja2": {"feeds.kit.templates"},
    "lxml": {"feeds.render.elements", "feeds.render.syndication"},
    "markdown_it": {"feeds.sources.markdown"},
    "nh3": {"feeds.sanitize"},
    "prometheus_client": {"notifier.service.metrics"},
    "pydantic": {"notifier.configuration"},
    "pgqueuer": {"notifier.delivery.carriers.library"},
    "ruamel": {"notifier.configuration.rewriting"},
    "psycopg": {"feeds.kit.database"},
    "structlog": {"feeds.kit.logs"},
    "starlette": {"feeds.web", "notifier.web"},
    "uvicorn": {"notifier.service"},
    "uvloop": {"notifier.service.loop"},
    "watchfiles": {"notifier.service.watching"},
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


@cache
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


@cache
def imported() -> dict[str, tuple[str, ...]]:
    """What each module imports."""
    return {name: tuple(imports(name, path)) for name, path in ALL.items()}


def every(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every import of `names`, as (who imports, what)."""
    return ((name, target) for name in names for target in imported()[name])


def may_import(name: str, target: str) -> bool:
    if target.split(".", maxsplit=1)[0] not in PACKAGES or target in PACKAGES:
        return True
    if place(target) == place(name) or target in SHARED_BY_HANDS:
        return True
    if target.startswith("feeds.") and within(name, "notifier"):
        open_to_all = any(within(target, kit) for kit in ("feeds.kit", "feeds.errors"))
        return (open_to_all or target in SURFACE) and rank(target) <= rank(name)
    return rank(target) < rank(name) or rank(target) == rank(name) in {NOUN, KIT}


def has_door(name: str, target: str) -> bool:
    doors = DOORS.get(target.split(".", maxsplit=1)[0])
    return doors is None or any(within(name, door) for door in doors)


def test_every_module_has_its_place() -> None:
    assert INSIDE
    assert not [name for name in INSIDE if not any(within(name, prefix) for prefix in RANKS)]


def test_imports_go_strictly_down_or_stay_in_their_folder() -> None:
    assert not [f"{name} imports {to}" for name, to in every(INSIDE) if not may_import(name, to)]


def test_feeds_has_never_heard_of_the_notifier() -> None:
    ours = [name for name in ALL if within(name, "feeds")]
    assert not [f"{name} imports {to}" for name, to in every(ours) if within(to, "notifier")]


def test_nouns_need_the_standard_library_only() -> None:
    plain = {*sys.stdlib_module_names, *PACKAGES}
    nouns = [name for name in INSIDE if rank(name) == NOUN]
    assert not [
        f"{name} imports {to}" for name, to in every(nouns) if to.split(".")[0] not in plain
    ]


def test_each_outside_library_has_one_door() -> None:
    assert not [f"{name} imports {to}" for name, to in every(INSIDE) if not has_door(name, to)]


def test_nothing_imports_in_a_circle() -> None:
    graph = {
        name: {t for t in targets if t in ALL and t != name and t not in PACKAGES}
        for name, targets in imported().items()
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
