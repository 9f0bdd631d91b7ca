"""`paperround check` in forms that other programs read, and asking outside."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from notifier.checking import examine
from notifier.cli import group
from notifier.cli.formats import github, sarif
from notifier.configuration import ConfigProblem, Severity, load
from notifier.deliverability.finding import Finding, Grade
from tests.dns_server import DnsServer, Zone, txt
from tests.notifier.configuration.builders import BASE, MAIL, write
from tests.smtp_server import SmtpServer

ERROR = ConfigProblem(path="a b.yaml", line=3, column=5, message="100% wrong", hint="so: x, y")
WARNING = ConfigProblem(
    path="x:y,z.yaml", line=0, column=0, message="odd\r\n", severity=Severity.WARNING
)

# What SARIF 2.1.0 (sections 3.13 to 3.30) asks of the parts that we write.
LOG = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results", "columnKind"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "properties": {
                            "driver": {
                                "required": ["name", "version", "rules"],
                                "properties": {"rules": {"items": {"required": ["id"]}}},
                            }
                        }
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "required": ["ruleId", "level", "message", "locations"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                                "locations": {
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {
                                                            "uri": {"pattern": "^[!-~]+$"}
                                                        }
                                                    },
                                                    "region": {
                                                        "additionalProperties": {
                                                            "type": "integer",
                                                            "minimum": 1,
                                                        }
                                                    },
                                                },
                                            }
                                        },
                                    }
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def check(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["check", *arguments])


def test_annotations_of_github_are_escaped() -> None:
    assert list(github([ERROR, WARNING])) == [
        "::error file=a b.yaml,line=3,col=5::100%25 wrong%0Aso: x, y",
        "::warning file=x%3Ay%2Cz.yaml::odd%0D%0A",
    ]


def test_a_log_of_sarif_has_what_the_standard_asks_for() -> None:
    log = sarif([ERROR, WARNING])
    Draft202012Validator(LOG).validate(log)
    [run] = json.loads(json.dumps(log))["runs"]
    first, second = (one["locations"][0]["physicalLocation"] for one in run["results"])
    assert first["artifactLocation"]["uri"] == "a%20b.yaml"
    assert first["region"] == {"startLine": 3, "startColumn": 5}
    assert "region" not in second
    assert [one["level"] for one in run["results"]] == ["error", "warning"]
    assert all(run["tool"]["driver"]["rules"][one["ruleIndex"]] for one in run["results"])


def test_every_form_tells_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(
        write(tmp_path, {"a.yaml": BASE + "feeds: {a: {itmes: 3}, b: {was: a.rss}}\n"})
    )
    text = check("--config", ".")
    as_json = json.loads(check("--config", ".", "--format", "json").stdout)
    assert as_json == json.loads(check("--config", ".", "--json").stdout)
    log = json.loads(check("--config", ".", "--format", "sarif").stdout)
    annotated = check("--config", ".", "--format", "github").stdout.splitlines()
    assert text.exit_code == 1
    for number, problem in enumerate(as_json["problems"]):
        place = f"a.yaml:{problem['line']}:{problem['column']}: {problem['message']}"
        assert place in text.stdout
        region = log["runs"][0]["results"][number]["locations"][0]["physicalLocation"]["region"]
        assert region == {"startLine": problem["line"], "startColumn": problem["column"]}
        assert annotated[number].startswith(f"::error file=a.yaml,line={problem['line']},")
    assert len(as_json["problems"]) == 2


def test_what_is_in_order_is_so_in_every_form(tmp_path: Path) -> None:
    config = str(write(tmp_path, {"a.yaml": BASE + MAIL}))
    for form in ("text", "json", "sarif", "github"):
        assert check("--config", config, "--format", form).exit_code == 0


@contextmanager
def elsewhere(zone: Zone) -> Iterator[tuple[DnsServer, SmtpServer]]:
    """A name server and a mail server in a thread of their own: a command has its own loop."""
    ready, done = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    servers: list[tuple[DnsServer, SmtpServer]] = []

    async def serve() -> None:
        async with DnsServer(zone) as names, SmtpServer() as relay:
            servers.append((names, relay))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield servers[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


IN_ORDER = {
    ("example.org", "TXT"): [txt("v=spf1 -all")],
    ("example.org", "MX"): ["10 mail.example.org."],
    ("_dmarc.example.org", "TXT"): [txt("v=DMARC1; p=reject")],
}


def online(folder: Path, zone: Zone, changes: Mapping[str, str] | None = None) -> Result:
    with elsewhere(zone) as (names, relay):
        mail = f"mail:\n  from: news@example.org\n  transport: smtp://127.0.0.1:{relay.port}\n"
        files = {"a.yaml": BASE, "b.yaml": mail} | dict(changes or {})
        return check("--online", "--resolver", names.address, "--config", str(write(folder, files)))


def test_asked_outside_all_is_told_that_is_well(tmp_path: Path) -> None:
    done = online(tmp_path, IN_ORDER)
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:-1]] == [
        *("store", "relay", "spf", "dmarc", "mx"),
    ]
    assert done.exit_code == 0
    assert not (tmp_path / "news.db").exists()


def test_what_is_wrong_outside_is_told_where_its_setting_stands(tmp_path: Path) -> None:
    done = online(tmp_path, {("example.org", "MX"): ["10 mail.example.org."]})
    assert done.exit_code == 1
    assert f"{tmp_path}/b.yaml:2:9: example.org has no SPF record" in done.stdout
    assert '  publish a TXT record at example.org: "v=spf1' in done.stdout
    assert f"{tmp_path}/b.yaml:2:9: example.org has no DMARC record" in done.stdout


def test_one_cause_that_stops_several_questions_is_told_once(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, {"a.yaml": BASE, "b.yaml": MAIL}), {})
    spf = Finding(
        topic="spf", grade=Grade.UNKNOWN, message="nobody answered", setting=("mail", "from")
    )
    told = examine(loaded, tmp_path, [spf, replace(spf, topic="mx")])
    assert [one.message for one in told] == ["nobody answered"]


def test_nobody_is_asked_about_a_configuration_with_mistakes(tmp_path: Path) -> None:
    config = str(write(tmp_path, {"a.yaml": BASE + "feed: {}\n"}))
    done = check("--online", "--config", config, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["online"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--resolver", "127.0.0.1"], "--resolver belongs to --online"),
        (["--online", "--resolver", "dns.example.org"], "is not the IP address"),
        (["--online", "--resolver", "127.0.0.1:0"], "is not a port"),
        (["--online", "--resolver", "[::1]:70000"], "is not a port"),
        (["--format", "xml"], "Invalid value"),
    ],
)
def test_what_cannot_be_asked_for_is_told(tmp_path: Path, arguments: list[str], words: str) -> None:
    config = str(write(tmp_path, {"a.yaml": BASE}))
    done = check(*arguments, "--config", config)
    assert done.exit_code == 2
    assert words in done.output
