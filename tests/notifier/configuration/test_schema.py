"""The schema for editors: it admits what `check` accepts, and not what is plainly wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import feeds
from feeds.kit.yaml import YamlError, load
from notifier.cli import group
from notifier.configuration.models.whole import Configuration
from notifier.configuration.schema import FILE, printed, schema
from tests.notifier.configuration.test_mistakes import NAMES, TEXTS

ROOT = Path(feeds.__file__).parent.parent
SAMPLES = sorted((ROOT / "config").glob("*.yaml"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VALIDATOR = Draft202012Validator(schema())
KEYS = set(Configuration.model_fields)


def of_configurations(text: str) -> bool:
    """Whether an example is sections of a configuration, not something within one."""
    value = load(text).value
    return isinstance(value, dict) and value.keys() <= KEYS


EXAMPLES = {
    f"{page.name}-{number}": text
    for page in PAGES
    for number, text in enumerate(YAML.findall(page.read_text(encoding="utf-8")))
    if of_configurations(text)
}


def complaints(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(load(text).value)]


def test_it_is_a_schema_of_2020_12() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert '"format"' not in printed()
    assert '"x-' not in printed()


def test_it_is_printed_and_it_stands_beside_the_sample() -> None:
    result = CliRunner().invoke(group, ["schema"])
    assert result.exit_code == 0
    assert result.stdout == printed()
    assert json.loads(result.stdout) == schema()
    shipped = (ROOT / "config" / FILE).read_text(encoding="utf-8")
    assert shipped == printed(), "run `make reference`"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_sample_is_valid_and_names_the_schema_for_editors(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema={FILE}\n")
    assert complaints(text) == []


def test_the_examples_of_the_documents_were_found() -> None:
    assert len(EXAMPLES) >= 15


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_documents_are_valid(name: str) -> None:
    assert complaints(EXAMPLES[name]) == []


def test_init_writes_the_schema_beside_the_configuration(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, ["init", str(tmp_path / "config")])
    assert result.exit_code == 0
    assert (tmp_path / "config" / FILE).read_text(encoding="utf-8") == printed()


@pytest.mark.parametrize(
    "text",
    [
        "watch: ${WATCH}",
        "watch: 0.5",
        "watch: 90 seconds",
        "feeds: {a: , b: {items: '${ITEMS:-20}', was: x}}",
        "digests: {a: {schedule: ' Every Day AT 07:30', hold: 0, choices: {hours: any}}}",
        "digests: {a: {schedule: at once, choices: {hours: 7, schedules: every hour}}}",
        "websub: false",
        "gone: a\nhubs: https://hub.example.org",
        "feeds_for_each: tag",
        "feeds_for_each: {tag: , section: {items: 3}}",
        "subscribers:",
        "subscribers: [{email: a@readers.example, digests: {m: }, pause_until: 2027-01-10}]",
        "subscribers: [{email: a@readers.example, digests: m, timezone: ''}]",
        "mail: {from: a@example.org, transport: [smtp://a, {address: '${RELAY}', rate: 1/s}]}",
        "mail: {from: a@example.org, transport: maildir:x, bounces: {domain: b.example.org}}",
        "web: {listen: '[::1]:80', trusted_proxies: 10.0.0.0/8}",
        "store: postgresql+psycopg://x@y/z",
    ],
)
def test_what_check_accepts_no_editor_underlines(text: str) -> None:
    assert complaints(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "feed: {}",
        "version: 2",
        "site: {name: x}",
        "watch: soon",
        "watch: -1",
        "feeds: {All: {}}",
        "feeds: {all: {items: 501}}",
        "feeds: {all: {title: 5}}",
        "feeds: {all: {content: whole}}",
        "feeds: {all: {select: {tags: []}}}",
        "feeds: {all: {select: {not: {tag: x}}}}",
        "digests: {a: {}}",
        "digests: {a: {schedule: 07:30}}",
        "digests: {a: {schedule: at once, language: english}}",
        "digests: {a: {schedule: at once, topics: {x: {title: X}}}}",
        "subscribers: {email: a@readers.example}",
        "subscribers: [{email: nobody}]",
        "mail: {from: a@example.org, transport: ftp://x}",
        "mail: {from: a@example.org, transport: []}",
    ],
)
def test_what_is_plainly_wrong_an_editor_underlines(text: str) -> None:
    assert complaints(text) != []


def test_every_key_is_explained_for_editors() -> None:
    def unexplained(found: object) -> list[str]:
        if isinstance(found, list):
            return [name for one in found for name in unexplained(one)]
        if not isinstance(found, dict):
            return []
        keys = found.get("properties", {})
        wrong = [name for name, inner in keys.items() if not inner.get("description")]
        return wrong + [name for inner in found.values() for name in unexplained(inner)]

    assert unexplained(schema()) == []


# What one file does not show, or only the program can tell: names that are not there, selections,
# zones, times, templates, keys, and what YAML itself does not allow.
BEYOND = frozenset(
    {
        "address-without-a-name",
        "city-for-zone",
        "combined-feeds",
        "folder-that-is-not-there",
        "min-above-max",
        "no-such-language",
        "misspelt-template",
        "misspelt-zone",
        "mistake-in-subject",
        "more-often-than-watched",
        "never-matches",
        "nobody-can-leave-with-one-click",
        "nobody-subscribes",
        "old-names",
        "paths-that-cannot-be",
        "reader-of-nothing",
        "reader-twice-with-other-choices",
        "reader-twice",
        "reference-that-never-ends",
        "section-twice",
        "several-names-in-one-text",
        "sources-of-one-name",
        "template-that-is-not-there",
        "unknown-digest",
        "unknown-feed",
        "unknown-source",
        "unknown-topic",
        "unset-variable",
        "word-without-letters",
        "zone-without-effect",
    }
)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_configurations_are_underlined_but_for_what_an_editor_cannot_know(name: str) -> None:
    try:
        value = load(TEXTS[name]).value
    except YamlError:
        return  # an editor tells that by itself
    assert (not [*VALIDATOR.iter_errors(value)]) == (name in BEYOND)
