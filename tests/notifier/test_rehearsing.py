"""Templates and subjects are tried before a reader depends on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from notifier.checking.rehearsing import languages, rehearse
from notifier.cli import group
from notifier.configuration import load
from notifier.digest.catalogues import CATALOGUES
from notifier.digest.compose import Composer
from notifier.settings import Settings
from tests.notifier.configuration.builders import BASE, MAIL, write

DIGESTS = """\
digests:
  morning:
    schedule: every day at 07:30
    language: {language}
    subject: "{subject}"
    template: {template}
    topics: {{regions: {{select: {{tags: [regions]}}}}, sport: {{select: {{sections: [sport]}}}}}}
  weekly:
    schedule: every sunday at 09:00
subscribers:
  - {{email: a@readers.example, digests: [morning], language: ar}}
  - {{email: b@readers.example, digests: [morning, weekly], language: ko}}
"""


def a_folder(
    folder: Path,
    files: Mapping[str, str] | None = None,
    *,
    subject: str = "{{ lead.title }}",
    template: str = "digest",
    language: str = "en",
) -> Path:
    digests = DIGESTS.format(subject=subject, template=template, language=language)
    texts = {"base.yaml": BASE + MAIL, "digests.yaml": digests}
    texts |= {f"templates/{name}": text for name, text in (files or {}).items()}
    return write(folder, texts)


def flaws(settings: Settings) -> list[str]:
    """What is told, as `place: reason`, without the folder."""
    found = rehearse(Composer(settings.templates, settings.site, settings.words), settings)
    places = [f.setting or f"{Path(f.template).name}:{f.line}" for f in found]
    return [f"{place}: {f.reason}" for place, f in zip(places, found, strict=True)]


def told(folder: Path, files: Mapping[str, str] | None = None, **digest: str) -> list[str]:
    return flaws(load(a_folder(folder, files, **digest), {}).settings_or_raise())


@pytest.mark.parametrize("language", CATALOGUES)
def test_the_built_in_digest_has_no_flaw(tmp_path: Path, language: str) -> None:
    assert told(tmp_path, {"unused.txt": ""}, language=language) == []


def test_languages_in_use_are_those_of_the_digest_its_readers_and_the_operators_words(
    tmp_path: Path,
) -> None:
    folder = a_folder(tmp_path, {"words/it.yaml": "read_on: Leggi"}, language="de")
    settings = load(folder, {}).settings_or_raise()
    morning, weekly = settings.digests
    assert languages(morning, settings) == ("de", "ar", "ko", "it")
    assert languages(weekly, settings) == ("en", "ko", "it")


IN_A_TEMPLATE = {
    "one\n{{ sitte.name }}": (2, "'sitte' is not a value that templates are given; did you mean"),
    "{{ lead.titel }}": (1, "there is no 'titel' in this Story; did you mean 'title'?"),
    "\n\n{% if %}": (3, "this cannot be read: it is empty"),
    "{% if x %}": (1, "this cannot be read: `{% if %}` is never closed"),
    "{% if false %}{{ x|uper }}{% endif %}": (1, "this cannot be read: there is no filter `uper`"),
    "{% if reader.name %}x{% endif %}": (1, "what is in `reader` is filled in for each reader"),
    "{% include 'none.txt' %}": (1, "there is no template 'none.txt'"),
    # What only some issues have:
    "{% if more %}{{ moer }}{% endif %}": (1, "'moer' is not a value"),
    "{% if span %}{{ spann }}{% endif %}": (1, "'spann' is not a value"),
    "{% if not page_url %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{% if lead.image %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{% if not lead.image %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{% if lead.dir == 'rtl' %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{% if dir == 'rtl' %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{% if lang == 'ko' %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{% if not sections %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{% if articles|length > 20 %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{% if kicker %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{% if not lead.date %}{{ x }}{% endif %}": (1, "'x' is not a value"),
    "{{ articles[1].title }}": (1, "there is no item number 1 in this list"),
}


@pytest.mark.parametrize("text", IN_A_TEMPLATE)
def test_a_mistake_in_a_template_is_told_once_with_its_place(tmp_path: Path, text: str) -> None:
    line, reason = IN_A_TEMPLATE[text]
    (flaw,) = told(tmp_path, {"digest.txt": text})
    assert flaw.startswith(f"digest.txt:{line}: {reason}")


def test_every_part_of_every_digest_is_told(tmp_path: Path) -> None:
    files = {"own.html": "{{ a }}", "own.txt": "{{ b }}", "digest.txt": "{{ c }}"}
    found = told(tmp_path, files, template="own", subject="{{ d }}")
    assert [flaw.split(" is not")[0] for flaw in found] == [
        "subject: 'd'",
        "own.html:1: 'a'",
        "own.txt:1: 'b'",
        "digest.txt:1: 'c'",
    ]


IN_A_SUBJECT = {
    "{{ site.nmae }}": "there is no 'nmae' in this Site; did you mean 'name'?",
    "{{ lead.title }": "this cannot be read: `}` cannot stand here",
    "{{ 'a\\\\nb' }}": "it has a line break or a control character",
    "{{ '' }}": "it is empty",
    "{{ reader.name or 'you' }}": "what is in `reader` is filled in",
    "{{ span }}": "it is empty",
}


@pytest.mark.parametrize("subject", IN_A_SUBJECT)
def test_a_mistake_in_a_subject_is_told_without_templates_of_ones_own(
    tmp_path: Path, subject: str
) -> None:
    (flaw,) = told(tmp_path, subject=subject)
    assert flaw.startswith(f"subject: {IN_A_SUBJECT[subject]}")


def test_a_template_that_lacks_a_part_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, {"own.html": "x"}, template="own") == [
        "template: the template `own` has no text part: there is no `own.txt`"
    ]
    assert told(tmp_path, template="none") == [
        "template: there is no template `none`: neither `none.html` nor `none.txt`"
    ]


def test_a_template_that_was_probably_meant_is_told(tmp_path: Path) -> None:
    settings = load(a_folder(tmp_path, template="digset"), {}).settings_or_raise()
    (flaw,) = rehearse(Composer(settings.templates, settings.site, settings.words), settings)
    assert flaw.hint == "did you mean `digest`?"


def test_check_tells_each_flaw_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"own.html": "<p>\n{{ sitte }}", "words/it.yaml": "bye: x"}
    a_folder(tmp_path, files, template="own", subject="{{ x }}")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(group, ["check", "--config", "."])
    assert done.exit_code == 1
    for line in (
        "digests.yaml:5:14: 'x' is not a value that templates are given",
        '    subject: "{{ x }}"',
        "digests.yaml:6:15: the template `own` has no text part: there is no `own.txt`",
        "templates/own.html:2: 'sitte' is not a value that templates are given; did you",
        "templates/words/it.yaml:1:1: warning: there is no phrase `bye`",
        "4 problems in .",
    ):
        assert line in done.output
    data = json.loads(CliRunner().invoke(group, ["check", "--json", "--config", "."]).stdout)
    places = [(one["path"], one["line"], one["severity"]) for one in data["problems"]]
    assert places == [
        ("digests.yaml", 5, "error"),
        ("digests.yaml", 6, "error"),
        ("templates/words/it.yaml", 1, "warning"),
        ("templates/own.html", 2, "error"),
    ]


def test_a_configuration_without_templates_of_its_own_needs_no_trial(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain", {"base.yaml": BASE})
    assert load(plain, {}).settings_or_raise().built_in_only
    own = a_folder(tmp_path / "own")
    assert not load(own, {}).settings_or_raise().built_in_only
