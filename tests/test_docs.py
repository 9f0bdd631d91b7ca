"""The documentation agrees with the program: commands, names, links, libraries, version."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from feeds.sources import SUFFIXES
from feeds.websub.settings import PATH as HUB
from notifier.cli import COMMANDS, group
from notifier.configuration import load
from notifier.delivery.delivery import State
from notifier.digest.placeholder import SLOTS
from notifier.digest.story import Story
from notifier.reloads import Attempt, Outcome, Reloads
from notifier.service import open_house
from tests.conftest import NOW
from tests.test_layers import DOORS, SURFACE

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
PAGES += sorted(DOCS.rglob("*.md"))
BUILT_IN = ROOT / "notifier" / "digest" / "templates"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LIBRARIES = [re.split(r"[\[<>=~!]", line)[0] for line in PROJECT["dependencies"]]

LINK = re.compile(r"\[[^\]\n]*\]\(([^()\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its fenced blocks, in which brackets are code."""
    return FENCE.sub("", text(page))


def blocks(source: str, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(source) if kind == language]


def anchors(page: Path) -> set[str]:
    """What headings can be linked by: lower case, no punctuation, spaces as hyphens."""
    found = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def sections(page: Path) -> dict[str, str]:
    """The second-level sections of the reference, by the lower-case words of their headings."""
    parts = re.split(r"^## `([a-z -]*[a-z])\b[^\n]*$", text(page), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def walk(parent: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its full name; a group of commands is no command itself."""
    for name in parent.list_commands(click.Context(parent)):
        found = parent.get_command(click.Context(parent), name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from walk(found, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", found


COMMAND = dict(walk(group))
REFERENCE = sections(DOCS / "command-line.md")


def options_of(name: str) -> set[str]:
    options = [param for param in COMMAND[name].params if isinstance(param, click.Option)]
    return {option for param in options for option in param.opts}


def test_the_reference_has_a_section_for_each_command_and_no_other() -> None:
    assert REFERENCE.keys() == COMMAND.keys()


@pytest.mark.parametrize("name", COMMAND)
def test_the_usage_of_a_command_names_exactly_its_options(name: str) -> None:
    [usage] = re.findall(rf"^    paperround {name}\b.*$", REFERENCE[name], re.MULTILINE)
    assert set(re.findall(r"--[a-z-]+", usage)) == options_of(name)


@pytest.mark.parametrize("name", COMMAND)
def test_options_of_one_command_are_explained_in_its_section(name: str) -> None:
    for option in options_of(name) - {"--config", "--json"}:
        assert f"| `{option}" in REFERENCE[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_lists_every_command(name: str) -> None:
    assert f"| `paperround {name}" in text(ROOT / "README.md")


def members(value: object) -> set[str]:
    """The names in a JSON object, those in the objects of its lists too."""
    if isinstance(value, list):
        return set().union(*map(members, value))
    if not isinstance(value, dict):
        return set()
    inside = [members(inner) for inner in value.values() if isinstance(inner, list)]
    return set(value).union(*inside)


def edited(config: str) -> str:
    """Write another configuration for the same store, in which everything of a kind differs."""
    home = Path(config).parent
    other = home.with_name("edited")
    other.mkdir()
    text_ = text(ROOT / "config" / "paperround.yaml").replace("../data", f"{home}/data")
    text_ = text_.replace("../seeds", f"{home}/articles")
    (other / "paperround.yaml").write_text(text_, encoding="utf-8")
    digests = text(ROOT / "config" / "digests.yaml").replace("weekday at 07:30", "day at 08:00")
    (other / "digests.yaml").write_text(digests, encoding="utf-8")
    readers = "subscribers: [{email: new@readers.example, digests: [morning]}]\n"
    (other / "readers.yaml").write_text(readers, encoding="utf-8")
    return str(other)


async def record_a_service(config: Path) -> None:
    """Leave in the store what a service would that has answered every wish to come."""
    async with open_house(load(config, {}).settings_or_raise(), NOW) as house:
        attempt = Attempt(outcome=Outcome.APPLIED, trigger="start", at=NOW)
        await Reloads(house.database).note("all@mail.example.org", attempt, {}, 1000)


@pytest.mark.slow
def test_every_json_object_has_the_members_that_are_documented(tmp_path: Path) -> None:
    config = str(tmp_path / "demo" / "config")
    broken, page = tmp_path / "broken.yaml", tmp_path / "broken.md"
    broken.write_text("feed: {}\n", encoding="utf-8")
    readers = tmp_path / "bad.csv"
    readers.write_text("email\nnobody\n", encoding="utf-8")
    page.write_text("---\npublished: soon\n---\nThe river rose.\n", encoding="utf-8")
    listed = tmp_path / "taken.txt"
    listed.write_text("first@readers.example\n", encoding="utf-8")
    fine = tmp_path / "fine.md"
    fine.write_text("---\ntitle: The river fell\n---\nIt fell.\n", encoding="utf-8")
    old = tmp_path / "old.yaml"
    old.write_text("version: 0\ndatabase: sqlite:///x.db\n", encoding="utf-8")
    printed = {
        "demo": ["--into", str(tmp_path / "demo")],
        "status": ["--config", config],
        "check": ["--config", str(broken)],
        "reload": ["--config", config],
        "test": ["--config", config, str(ROOT / "config" / "tests" / "tests.yaml")],
        "diff": ["--against", str(tmp_path / "demo" / "config"), "--config", edited(config)],
        "config dump": ["--config", config],
        "config migrate": ["--config", str(old)],
        "ingest": ["--config", config, str(page), str(fine)],
        "publish": ["--config", config, "--to", str(tmp_path / "site")],
        "plan": ["--config", config],
        "explain": ["--config", config, "footbridge", "first@readers.example"],
        "preview": ["--config", config, "morning"],
        "send": ["--config", config, "morning"],
        "subscribers add": ["--config", config, "new@readers.example", "--digest", "morning"],
        "subscribers set": ["--config", config, "new@readers.example", "--name", "New"],
        "subscribers show": ["--config", config, "first@readers.example"],
        "subscribers list": ["--config", config],
        "subscribers import": ["--config", config, str(readers)],
        "subscribers export": ["--config", config, "--to", str(tmp_path / "readers.csv")],
        "subscribers remove": ["--config", config, "new@readers.example"],
        "subscribers feed": ["--config", config, "first@readers.example"],
        "deliveries list": ["--config", config],
        "deliveries counts": ["--config", config],
        "deliveries retry": ["--config", config, "--state", "failed", "--all"],
        "deliveries release": ["--config", config, "--resend", "--all"],
        "deliveries reconcile": ["--config", config, str(listed)],
        "deliveries recover": ["--config", config, "--assume-sent-until", "2026-11-23T07:30"],
        "doctor": ["--config", config, "--resolver", "127.0.0.1:9"],
        "returns": ["--config", config],
        "suppressions add": ["--config", config, "asked@readers.example"],
        "suppressions list": ["--config", config],
        "suppressions lift": ["--config", config, "asked@readers.example"],
    }
    assert printed.keys() == {name for name in COMMAND if "--json" in options_of(name)}
    for name, arguments in printed.items():
        mail = "Subject: Hello\n\nHello.\n" if name == "returns" else None
        result = CliRunner().invoke(group, [*name.split(), "--json", *arguments], input=mail)
        [documented] = blocks(REFERENCE[name], "json")
        found, told = json.loads(result.stdout), json.loads(documented)
        assert found.keys() == told.keys(), name
        assert members(found) == members(told), name
        if name == "demo":
            asyncio.run(record_a_service(Path(config)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_list_of_decisions_is_complete() -> None:
    listed = LINK.findall(text(DOCS / "decisions" / "README.md"))
    assert listed == [path.name for path in DECISIONS]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_carries_its_number_and_stays_short(path: Path) -> None:
    assert text(path).startswith(f"# {path.name[:4]} ")
    assert len(text(path).split()) < 450


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_is_named_in_a_decision(library: str) -> None:
    assert any(f"`{library}`" in text(path) for path in DECISIONS)


def test_the_verbs_that_are_told_exist() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    [two] = [body for body in blocks(text(ROOT / "README.md"), "sh") if "make" in body]
    assert re.findall(r"^make ([a-z-]+)", two, re.MULTILINE) == ["demo", "test"]
    for page in PAGES:
        told = re.findall(r"(?:`|^)make ([a-z-]+)", text(page), re.MULTILINE)
        assert verbs.issuperset(told), page


def test_the_version_is_the_newest_of_the_changelog() -> None:
    headings = re.findall(r"^## (.+)$", text(ROOT / "CHANGELOG.md"), re.MULTILINE)
    versions = [heading.split()[0] for heading in headings if heading != "Unreleased"]
    assert versions[0] == PROJECT["version"]


def test_the_configuration_in_the_readme_is_in_order(tmp_path: Path) -> None:
    [sample] = blocks(text(ROOT / "README.md"), "yaml")
    (tmp_path / "articles").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "paperround.yaml").write_text(sample, encoding="utf-8")
    assert load(tmp_path / "config", {}).problems == ()


@pytest.mark.parametrize(
    "number", range(len(blocks(text(DOCS / "recipes.md"), "yaml"))), ids=lambda number: f"{number}"
)
def test_a_recipe_is_a_whole_configuration_in_order(number: int, tmp_path: Path) -> None:
    recipe = blocks(text(DOCS / "recipes.md"), "yaml")[number]
    for folder in ("articles/en", "articles/fr", "data/returns", "config"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "config" / "paperround.yaml").write_text(recipe, encoding="utf-8")
    readers = re.search(r"^    (email,.*\n)    (.*\n)", text(DOCS / "recipes.md"), re.MULTILINE)
    assert readers
    (tmp_path / "config" / "readers.csv").write_text("".join(readers.groups()), encoding="utf-8")
    loaded = load(tmp_path / "config", {})
    assert loaded.problems == ()
    assert loaded.settings


def told_commands(page: Path) -> Iterator[list[str]]:
    """What a page tells to type: the words after `paperround`, of code in lines and in blocks."""
    typed = re.findall(r"`paperround ([a-z][^`\n]*)`", text(page))
    line = r"^(?:    )?paperround (?!unix )([a-z][^\n#|>&;]*)"  # Postfix's master.cf is no command
    typed += re.findall(line, text(page), re.MULTILINE)
    yield from (words.split() for words in typed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_and_options_that_a_page_tells_exist(page: Path) -> None:
    for words in told_commands(page):
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in COMMAND), "")
        groups = {n.split()[0] for n in COMMAND if " " in n}
        assert name or words[0] in groups, f"{page.name}: paperround {' '.join(words)}"
        for word in words if name else ():
            if re.fullmatch(r"--[a-z][a-z-]*", word):
                assert word in options_of(name) | {"--help"}, f"{page.name}: {' '.join(words)}"


def test_every_name_that_templates_are_given_is_told() -> None:
    told = text(DOCS / "templates.md")
    names = [field.name for field in fields(Story)]
    assert [name for name in names if f"`{name}`" not in told] == []
    assert [name for name in SLOTS if f"`reader.{name}`" not in told] == []


@pytest.mark.parametrize("name", ["digest.html", "digest.txt"])
def test_every_block_of_the_templates_is_told(name: str) -> None:
    [row] = re.findall(rf"^\| `{name}` \|(.*)\|$", text(DOCS / "templates.md"), re.MULTILINE)
    inside = set(re.findall(r"{% block (\w+)", text(BUILT_IN / name)))
    assert set(re.findall(r"`(\w+)`", row)) == inside


def test_every_state_and_every_ending_is_told() -> None:
    architecture, articles = text(DOCS / "architecture.md"), text(DOCS / "articles.md")
    assert [state for state in State if f"| `{state}` |" not in architecture] == []
    assert [suffix for suffix in SUFFIXES if f"`{suffix}`" not in articles] == []


def events() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Every event that is logged: its name, its level and its fields."""
    for path in (*(ROOT / "feeds").rglob("*.py"), *(ROOT / "notifier").rglob("*.py")):
        for node in ast.walk(ast.parse(text(path))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr=level), args=[event]
                ):
                    name = ast.literal_eval(event)  # fails where it is no constant
                    yield name, level, frozenset(word.arg or "**" for word in node.keywords)


@pytest.mark.slow
def test_every_event_of_the_log_is_told_with_its_level_and_fields() -> None:
    rows = re.findall(
        r"^\| `([a-z]+\.[a-z_]+)` \| (\w+) \| ([^|]*)\|", text(DOCS / "monitoring.md"), re.MULTILINE
    )
    told = {(name, level, frozenset(re.findall(r"`(\w+)`", names))) for name, level, names in rows}
    used = set(events())
    assert used
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) for name, _, _ in used)
    assert used == told


def test_every_address_of_the_service_is_told() -> None:
    told = text(DOCS / "operating.md")
    doors = [*(ROOT / "feeds/web").glob("*.py"), *(ROOT / "notifier/web").glob("*.py")]
    routes = {path for door in doors for path in re.findall(r'Route\("([^"{]+)', text(door))}
    assert routes >= {"/", "/my/", "/u/"}
    for path in {*routes, HUB, "/feeds/"}:
        assert re.search(rf"^\| `{re.escape(path)}(?:[A-Z]|`)", told, re.MULTILINE), path


def test_the_architecture_tells_the_surface_and_the_doors_as_they_are_held() -> None:
    told = text(DOCS / "architecture.md")
    _, _, after = told.partition("What `notifier` may see")
    surface, _, _ = after.partition("Nothing below those faces")
    rows = re.findall(r"^\| (`feeds\.[^|]+) \|", surface, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == SURFACE
    missing = {door for doors in DOORS.values() for door in doors if f"`{door}`" not in told}
    assert missing == set()


@pytest.mark.slow
def test_the_quick_start_works_as_it_stands(tmp_path: Path) -> None:
    [start] = [body for body in blocks(text(ROOT / "README.md"), "sh") if "paperround init" in body]
    lines = [
        line for line in start.splitlines() if not line.startswith((". .venv", "paperround run"))
    ]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(  # noqa: S603 - our own README
        [bash, "-euc", "\n".join(lines)],
        cwd=tmp_path,
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1 new (1 file read)" in done.stdout
    assert list((tmp_path / "paper/data/mail/new").iterdir())
    assert (tmp_path / "paper/public/feeds/all.atom").exists()
