"""The command line: what each command does, says and returns."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest

from notifier.cli import COMMANDS, main
from notifier.cli.rounds import Sent, lines_of
from notifier.mailing import Opened
from tests.feeds.library.builders import PAGE, markdown, write
from tests.notifier.builders import messages_in

ZONE = "Europe/Paris"


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, object]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> Done:
    """Run `paperround` in this process, just as the console script does."""
    monkeypatch.setattr(sys, "argv", ["paperround", *map(str, arguments)])
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Place:
    """A configuration with a folder of articles, and commands on it."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def articles(self) -> Path:
        return self.folder / "articles"

    def run(self, *arguments: object) -> Done:
        return run(self.monkeypatch, *arguments, "--config", self.config)

    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in messages_in(self.folder / "mail")]


def a_place(folder: Path, monkeypatch: pytest.MonkeyPatch, store: str, **sections: str) -> Place:
    """Write a configuration; `sections` replace or add whole sections of YAML."""
    given = {
        "version": "1",
        "site": f"{{name: Courier, url: 'https://news.example.org', timezone: {ZONE}}}",
        "store": json.dumps(store),
        "sources": "[{folder: ../articles}]",
        "feeds": "{all: {title: Everything}, sport: {select: {sections: [Sport]}}}",
        "digests": "{morning: {title: Morning, schedule: every day at 07:30}}",
        "subscribers": "[{email: first@readers.example, digests: [morning]}]",
        "mail": "{from: news@example.org, transport: 'maildir:../mail'}",
    } | sections
    place = Place(folder, monkeypatch)
    place.articles.mkdir()
    text = "".join(f"{name}: {value}\n" for name, value in given.items() if value)
    write(place.config, "paperround.yaml", text)
    return place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store_url: str) -> Place:
    return a_place(tmp_path, monkeypatch, store_url)


@pytest.fixture
def light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_tables: Path) -> Place:
    """The same where the kind of database does not matter."""
    store = tmp_path / "store.db"
    store.write_bytes(sqlite_tables.read_bytes())
    return a_place(tmp_path, monkeypatch, f"sqlite:///{store}")


def test_the_console_script_is_installed() -> None:
    script = Path(sys.executable).with_name("paperround")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    assert done.stdout.strip()[0].isdigit()


def test_help_is_quick_for_it_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['paperround', '--help']\n"
        "from notifier.cli import main\n"
        "try: main()\n"
        "except SystemExit as leaving: assert not leaving.code\n"
        "print('IMPORTED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    text, _, imported = done.stdout.partition("IMPORTED")
    for command in COMMANDS:
        assert f"  {command} " in text
    heavy = {"sqlalchemy", "pydantic", "jinja2", "starlette", "uvicorn", "asyncio", "yaml", "nh3"}
    assert heavy & set(imported.split()) == set()


@pytest.mark.parametrize("command", ["plan", "status", "publish", "subscribers", "deliveries"])
def test_what_no_server_runs_in_imports_no_server(command: str) -> None:
    code = f"import sys, notifier.cli.{command}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    heavy = {"starlette", "uvicorn", "apscheduler", "structlog", "prometheus_client", "httpcore"}
    seldom = {"aiosmtplib", "cryptography", "flufl", "markdown_it", "charset_normalizer"}
    assert (heavy | seldom) & set(done.stdout.split()) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    done = run(monkeypatch, command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: paperround {command}")


@pytest.mark.parametrize(
    "arguments",
    ["init FILE/config", "init --dkim example.org FILE/config", "demo --into FILE/demo"],
)
def test_a_folder_that_cannot_be_made_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    done = run(monkeypatch, *arguments.replace("FILE", str(file)).split())
    assert (done.code, done.out) == (1, "")
    folder = arguments.rpartition(" ")[2].replace("FILE", str(file))
    assert done.err == f"paperround: cannot write {folder}: Not a directory\n"


def test_a_file_that_cannot_be_written_is_told_in_a_line(light: Place) -> None:
    done = light.run("subscribers", "export", "--to", "nowhere/file")
    told = "paperround: cannot write nowhere/file: No such file or directory\n"
    assert (done.code, done.err) == (1, told)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sned"], "Did you mean `send`?"),
        (["xyzzy"], "There is no command `xyzzy`."),
        (["check", "--confg", "x"], "--config"),
        (["ingest"], "PATHS"),
        (["check", "too", "many"], "unexpected extra arguments"),
    ],
)
def test_wrong_usage_is_2_and_says_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], says: str
) -> None:
    done = run(monkeypatch, *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A configuration whose store is not there; nothing may be there at the end."""
    yield a_place(tmp_path, monkeypatch, "sqlite:///../data/store.db")
    assert {path.name for path in tmp_path.iterdir()} == {"config", "articles"}


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "explain mill first@readers.example",
        "preview morning",
        "diff",
        "reload",
        "deliveries list",
        "deliveries counts",
        "deliveries retry --state failed --all",
        "deliveries recover --assume-sent-until 2026-11-23T07:30",
        "suppressions list",
        "suppressions lift first@readers.example",
    ],
)
def test_what_only_looks_makes_no_store_and_says_so(nowhere: Place, command: str) -> None:
    done = nowhere.run(*command.split())
    assert (done.code, done.out) == (1, "")
    assert f"there is no store at {nowhere.folder / 'data' / 'store.db'} as yet" in done.err
    assert "`paperround run`" in done.err
    assert done.err.count("\n") == 1


def test_a_plan_before_the_first_run_is_that_of_an_empty_store(nowhere: Place) -> None:
    done = nowhere.run("plan", "--json")
    assert (done.code, done.data["outcomes"]) == (0, {"nothing": 1})
    assert "no store" in done.err
    assert "no new articles" in nowhere.run("plan").out


def test_two_configurations_are_compared_without_any_store(nowhere: Place) -> None:
    done = nowhere.run("diff", "--against", nowhere.config)
    assert done.code == 2  # the readers that an empty store has not
    assert "no store" in done.err


def test_asking_outside_makes_nothing(nowhere: Place) -> None:
    done = nowhere.run("check", "--online")
    assert (done.code, done.err) == (0, "")
    assert "not there yet" in done.out


def test_init_writes_a_configuration_that_is_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "paper" / "config"
    assert run(monkeypatch, "init", config).code == 0
    assert (tmp_path / "paper" / "articles").is_dir()
    done = run(monkeypatch, "check", "--config", config)
    assert (done.code, done.err) == (0, "")
    assert "is in order" in done.out
    (config / "paperround.yaml").write_text("mine")
    again = run(monkeypatch, "init", config)
    assert again.code == 2
    assert "nothing was written" in again.err
    assert (config / "paperround.yaml").read_text() == "mine"


def test_what_is_exported_of_the_starter_can_be_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, file = tmp_path / "paper" / "config", tmp_path / "readers.csv"
    run(monkeypatch, "init", config)
    run(monkeypatch, "subscribers", "export", "--to", file, "--config", config)
    done = run(monkeypatch, "subscribers", "import", file, "--config", config)
    assert (done.code, done.out) == (0, "0 added, 0 changed, 5 unchanged, 0 refused\n")


def test_init_makes_keys_that_only_their_owner_reads_and_tells_what_dns_must_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    asked = ("init", config, "--dkim", "Example.org", "--selector", "s1", "--both")
    done = run(monkeypatch, *asked)
    assert done.code == 0
    for name, kind in (("s1", "rsa"), ("s1-ed", "ed25519")):
        path = config / f"dkim-{name}.pem"
        assert path.stat().st_mode & 0o777 == 0o600
        assert f'{name}._domainkey.example.org. IN TXT ( "v=DKIM1; k={kind}; p=' in done.out
        assert path.read_text().splitlines()[1] not in done.out
    assert "_dmarc.example.org. IN TXT" in done.out
    assert all(len(part) <= 255 for part in done.out.split('"')[1::2])

    setting = done.out.splitlines()[-1].strip()
    (config / "mail.yaml").write_text(
        "version: 1\nsite: {name: Courier, url: https://news.example.org}\n"
        "store: sqlite:///news.db\n"
        f"mail:\n  from: news@example.org\n  transport: maildir:mail\n  {setting}\n"
    )
    assert run(monkeypatch, "check", "--config", config).code == 0
    again = run(monkeypatch, *asked)
    assert again.code == 2
    assert "is there already" in again.err


@pytest.mark.parametrize(
    "wrong", [("--dkim", "nobody"), ("--dkim", "example.org", "--selector", "a_b"), ("--both",)]
)
def test_init_refuses_keys_that_dns_could_not_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Sequence[str]
) -> None:
    assert run(monkeypatch, "init", tmp_path / "config", *wrong).code == 2
    assert not (tmp_path / "config").exists()


WRONG = {
    "feeds": "{all: {itms: 3}}",
    "digests": "{morning: {schedule: every wekday at 07:30}}",
    "subscribers": "[{email: nobody, digests: [mornin]}]",
}


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return a_place(tmp_path, monkeypatch, "sqlite:///never.db", **WRONG)


def test_check_tells_every_mistake_with_place_and_hint(wrong: Place) -> None:
    done = wrong.run("check")
    assert (done.code, done.err) == (1, "")
    for words in ("`itms`", "did you mean `items`?", "weekday", "`mornin`", "nobody"):
        assert words in done.out
    problems = wrong.run("check", "--json").data["problems"]
    assert isinstance(problems, list)
    assert len(problems) >= 4
    for problem in problems:
        assert problem["path"].endswith("paperround.yaml")
        assert problem["line"] > 0
        assert problem["message"]


@pytest.mark.parametrize(
    "command", [["ingest", "."], ["publish"], ["send"], ["run"], ["plan"], ["plan", "--json"]]
)
def test_a_bad_configuration_refuses_every_command_with_78(
    wrong: Place, command: Sequence[str]
) -> None:
    told = [line for line in wrong.run("check").out.splitlines() if "paperround.yaml:" in line]
    done = wrong.run(*command)
    assert (done.code, done.out) == (78, "")
    assert [line for line in done.err.splitlines() if "paperround.yaml:" in line] == told
    assert not list(wrong.folder.rglob("*.db"))


def test_status_tells_of_no_slots_while_the_files_have_mistakes(light: Place) -> None:
    write(light.articles, "a.md", markdown("The mill"))
    light.run("ingest", light.articles)
    light.run("send", "morning")
    assert "T07:30" in light.run("status").out
    settings = light.config / "paperround.yaml"
    settings.write_text(settings.read_text().replace("07:30", "27:30"))
    done = light.run("status")
    assert done.code == 0
    assert "articles: 1 visible" in done.out
    assert "the files have mistakes now: paperround check" in done.out
    assert light.run("status", "--json").data["lanes"] == []


def test_status_counts_the_feeds_for_each_label_too(light: Place) -> None:
    settings = light.config / "paperround.yaml"
    settings.write_text(settings.read_text() + "feeds_for_each: {section: {}}\n")
    for section in ("Sport", "Arts"):
        write(light.articles, f"{section}.md", markdown("The mill", section=section))
    light.run("ingest", light.articles)
    assert light.run("publish").code == 0
    assert "\nfeeds: 4, 2 of them by feeds_for_each\n" in light.run("status").out
    each = light.run("status", "--json").data["feeds_for_each"]
    assert each == {"feeds": 2, "published": 2, "stale": 0}


def test_explain_tells_times_to_the_second(light: Place) -> None:
    write(light.articles, "a.md", markdown("The mill"))
    light.run("ingest", light.articles)
    told = light.run("explain", "mill", "first@readers.example").out.splitlines()
    assert re.fullmatch(r"    visible since [0-9-]{10} [0-9:]{8} UTC, arrival 1", told[2])


def test_a_list_of_nothing_says_so_beside_it(light: Place) -> None:
    told = {
        "deliveries list --state failed": "there is no such delivery\n",
        "subscribers list --after z": "there is no such reader\n",
        "suppressions list --since 2026-11-22": "no address is suppressed since 2026-11-22\n",
    }
    for command, words in told.items():
        done = light.run(*command.split())
        assert (done.code, done.out, done.err) == (0, "", words)
        assert light.run(*command.split(), "--json").err == ""


def test_the_configuration_may_be_named_by_the_environment(light: Place) -> None:
    light.monkeypatch.setenv("PAPERROUND_CONFIG", str(light.config))
    assert run(light.monkeypatch, "check").code == 0
    light.monkeypatch.setenv("PAPERROUND_CONFIG", str(light.folder / "nowhere"))
    done = run(light.monkeypatch, "status")
    assert done.code == 78
    assert "paperround init" in done.err


def test_the_whole_job(place: Place) -> None:
    write(place.articles, "a.md", markdown("The mill", section="Sport"))
    write(place.articles, "page.txt", PAGE)
    done = place.run("ingest", place.articles)
    assert (done.code, done.err) == (0, "")
    assert done.out == "3 new (2 files read)\n"
    assert place.run("ingest", place.articles).out == "3 unchanged (2 files read)\n"
    done = place.run("publish", "--to", place.folder / "site")
    assert (done.code, done.err) == (0, "")
    assert "2 feeds rendered, 6 documents changed" in done.out
    feed = json.loads((place.folder / "site" / "feeds" / "all.json").read_bytes())
    assert len(feed["items"]) == 3
    done = place.run("send", "morning")
    assert (done.code, done.err) == (0, "")
    assert "messages: 1 accepted" in done.out
    assert len(place.subjects()) == 1
    status = place.run("status")
    assert (status.code, status.err) == (0, "")
    assert "articles: 3 visible" in status.out
    assert "to be rendered" not in status.out


def test_json_is_one_object(place: Place) -> None:
    write(place.articles, "a.md", markdown("The mill"))
    write(place.articles, "b.md", markdown("The boat", date="someday"))
    done = place.run("ingest", place.articles, "--json")
    assert done.code == 1
    assert done.data["files"] == 2
    problems = done.data["problems"]
    assert isinstance(problems, list)
    assert [problem["line"] for problem in problems] == [3]
    published = place.run("publish", "--json", "--to", place.folder / "site").data
    assert (published["feeds"], published["documents"], published["left_out"]) == (2, 6, [])
    tree = published["tree"]
    assert isinstance(tree, dict)
    assert (tree["unchanged"], tree["removed"]) == (0, 0)
    sent = place.run("send", "morning", "--json").data
    assert sent["messages"] == {"accepted": 1}
    [opened] = sent["opened"] if isinstance(sent["opened"], list) else []
    assert (opened["digest"], opened["readers"]) == ("morning", 1)
    status = place.run("status", "--json").data
    [book] = status["books"] if isinstance(status["books"], list) else []
    assert (book["digest"], book["audience"], book["accepted"]) == ("morning", 1, 1)
    assert status["readers"] == 1
    [lane] = status["lanes"] if isinstance(status["lanes"], list) else []
    assert lane["next"].endswith(f"T07:30 {ZONE}")


def test_what_cannot_be_read_is_told_by_file_and_line_and_is_1(light: Place) -> None:
    write(light.articles, "good.md", markdown("Good"))
    broken = write(light.articles, "broken.md", "---\ntitle: [\n---\nText.\n")
    done = light.run("ingest", light.articles, light.folder / "nothing.md")
    assert (done.code, done.err) == (1, "")
    lines = done.out.splitlines()
    assert any(line.startswith(f"{broken}:") for line in lines)
    assert any(line.startswith(f"{light.folder / 'nothing.md'}: ") for line in lines)
    assert lines[-1] == "1 new, 1 refused (2 files read)"


def test_a_removed_feed_leaves_the_tree(light: Place) -> None:
    site = light.folder / "site"
    light.run("publish", "--to", site)
    config = light.config / "paperround.yaml"
    config.write_text(config.read_text().replace(", sport: {select: {sections: [Sport]}}", ""))
    done = light.run("publish", "--to", site, "--json")
    assert isinstance(done.data["tree"], dict)
    assert done.data["tree"]["removed"] == 3
    assert not (site / "feeds" / "sport.rss").exists()


def test_nothing_is_due_on_the_first_day(light: Place) -> None:
    write(light.articles, "a.md", markdown("The mill"))
    light.run("ingest", light.articles)
    done = light.run("send")
    assert (done.code, done.err) == (0, "")
    assert "nothing is due" in done.out
    assert light.subjects() == []


def test_send_as_if_it_were_another_time(place: Place) -> None:
    write(place.articles, "a.md", markdown("The mill"))
    place.run("ingest", place.articles)
    place.run("send")  # the reader is known from now on
    done = place.run("send", "--at", "2099-01-02T07:30", "--json")
    assert done.code == 0
    [opened] = done.data["opened"] if isinstance(done.data["opened"], list) else []
    assert (opened["slot"], opened["readers"]) == (f"2099-01-02T07:30 {ZONE}", 1)
    assert done.data["messages"] == {"accepted": 1}
    assert place.subjects() == ["Courier: The mill"]
    again = place.run("send", "--at", "2099-01-02T06:30Z", "--json")
    assert again.data["opened"] == []


def test_sending_again_sends_nothing_twice(light: Place) -> None:
    write(light.articles, "a.md", markdown("The mill"))
    light.run("ingest", light.articles)
    light.run("send", "morning")
    done = light.run("send", "morning")
    assert done.code == 0
    assert "no new articles" in done.out
    assert len(light.subjects()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mornin"], "did you mean `morning`?"),
        (["xyzzy"], "there is no digest `xyzzy`; there is `morning`"),
        (["--at", "soon"], "write it like 2026-11-23T07:30"),
        (["--at", "2026-13-01T00:00"], "is no time"),
        (["--at", "0001-01-01"], "is too far away"),
        (["--at", "9999-12-31T23:59"], "is too far away"),
    ],
)
def test_send_says_what_it_does_not_understand(
    light: Place, arguments: Sequence[str], says: str
) -> None:
    done = light.run("send", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_a_relay_that_is_not_there_costs_nobody_a_try_and_is_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_tables: Path
) -> None:
    store = tmp_path / "store.db"
    store.write_bytes(sqlite_tables.read_bytes())
    mail = "{from: news@example.org, transport: 'smtp://127.0.0.1:1'}"
    place = a_place(tmp_path, monkeypatch, f"sqlite:///{store}", mail=mail)
    write(place.articles, "a.md", markdown("The mill"))
    place.run("ingest", place.articles)
    done = place.run("send", "morning", "--json")
    assert done.code == 1
    assert (done.data["messages"], bool(done.data["unreachable"])) == ({}, True)
    [waiting] = json.loads(done.out)["waiting"]
    until = f"{datetime.fromisoformat(waiting['until']):%Y-%m-%d %H:%M:%S} UTC"
    again = place.run("send")  # too early: it says so, not just that nothing is due
    told = f"what waits of {waiting['digest']} is due by {until}"
    assert again.out.splitlines() == ["nothing is due", "messages: none", told]
    assert told in place.run("status").out


def test_a_store_that_we_may_not_use_is_told_with_what_to_do(light: Place) -> None:
    """As an ordinary user, or as root without the rights that files do not bind."""
    store = light.folder / "store.db"
    bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    script = Path(sys.executable).with_name("paperround")
    words = ("ingest", light.articles, "--config", light.config)
    command = [*bare, *map(str, (script, *words))]
    told = f"paperround: store sqlite:///{store}: the file cannot be read and written by us; "
    owners = {os.geteuid(): "it is ours, so see its mode"}
    if bare:
        owners |= {54321: "run this as the user 54321, to whom it belongs"}
    for owner, advice in owners.items():
        store.chmod(0o400)
        os.chown(store, owner, -1)
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        assert (done.returncode, done.stderr) == (1, f"{told}{advice}\n")


def test_a_ledger_that_cannot_be_written_is_one_line(light: Place) -> None:
    write(light.articles, "a.md", markdown("The mill"))
    light.run("ingest", light.articles)
    with sqlite3.connect(light.folder / "store.db") as connection:
        connection.execute(
            "CREATE TRIGGER broken BEFORE UPDATE ON deliveries"
            " BEGIN SELECT RAISE(ABORT, 'the disk is broken'); END"
        )
    done = light.run("send", "morning")
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("the disk is broken\n")
    assert done.err.count("\n") == 1


def test_without_a_mail_section_send_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_tables: Path
) -> None:
    store = tmp_path / "store.db"
    store.write_bytes(sqlite_tables.read_bytes())
    none = {"mail": "", "digests": "", "subscribers": ""}
    place = a_place(tmp_path, monkeypatch, f"sqlite:///{store}", **none)
    assert place.run("check").code == 0
    done = place.run("send")
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert "mail:" in done.err


@pytest.mark.parametrize(
    "store",
    [
        "sqlite:////proc/nowhere/store.db",
        "sqlite:///{folder}",
        "sqlite:///{folder}/config/paperround.yaml",
        "sqlite:///{folder}/config/paperround.yaml/store.db",
        "postgresql://reader:secret-word@127.0.0.1:1/none",
        "postgresql://reader:secret-word@nowhere.invalid/none",
    ],
)
@pytest.mark.parametrize("command", ["status", "run"])
def test_a_store_that_cannot_be_opened_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, command: str
) -> None:
    place = a_place(tmp_path, monkeypatch, store.format(folder=tmp_path))
    done = place.run(command)
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert done.err.startswith(("paperround: store ", "paperround: there is no store at /proc"))
    assert "secret-word" not in done.err


def test_a_tree_that_cannot_be_written_is_one_line(light: Place) -> None:
    file = write(light.folder, "file", "")
    done = light.run("publish", "--to", file / "site")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"paperround: cannot write to {file / 'site'}")
    assert done.err.count("\n") == 1


@pytest.mark.slow
def test_the_demo_does_the_whole_job_and_says_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = tmp_path / "demo"
    done = run(monkeypatch, "demo", "--into", into)
    assert (done.code, done.err) == (0, "")
    assert len(messages_in(into / "data" / "mail")) >= 1
    assert (into / "site" / "feeds" / "all.atom").is_file()
    for place in (into / "site" / "feeds", into / "data" / "mail" / "new", into / "config"):
        assert str(place) in done.out
    again = run(monkeypatch, "demo", "--into", into, "--json")  # it clears what it made itself
    assert again.code == 0
    assert again.data["messages"] == len(messages_in(into / "data" / "mail"))
    assert again.data["refused"] == 0


def test_the_demo_leaves_other_peoples_folders_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = write(tmp_path, "precious.txt", "mine")
    done = run(monkeypatch, "demo", "--into", tmp_path)
    assert done.code == 2
    assert "not empty" in done.err
    assert precious.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_lanes_of_one_zone_are_told_apart_where_there_are_any() -> None:
    plain = Opened(digest="morning", slot="s", timezone="UTC", readers=2, articles=3, language="en")
    [heading, _] = lines_of(Sent([plain]))[:2]
    assert heading.split() == ["digest", "slot", "zone", "articles", "readers", "note"]
    some = replace(plain, language="de", topics=("sport", "culture"))
    lines = lines_of(Sent([plain, some]))
    assert lines[0].split() == [*heading.split()[:3], "language", "topics", *heading.split()[3:]]
    assert "sport culture" in lines[3]
