"""What comes along for machines that run Paperround: systemd, containers, shells, manuals."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from notifier.cli import COMMANDS, group
from notifier.cli.completion import SHELLS
from tests.man_pages import contexts, write
from tests.notifier.test_service import PATIENCE, Paper, a_paper, ending

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, [*map(str, arguments)], catch_exceptions=False)


def sh(*words: object) -> subprocess.CompletedProcess[str]:
    command = [*map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours


def test_every_command_has_a_manual_page(tmp_path: Path) -> None:
    pages = write(tmp_path / "man")
    assert len({page.name for page in pages}) == len(pages) > len(COMMANDS)
    for page, context in zip(pages, contexts(group, "paperround"), strict=True):
        text = page.read_text(encoding="utf-8")
        assert text.startswith(".TH")
        for option in context.command.params:
            for name in option.opts if option.param_type_name == "option" else ():
                assert name in text.replace("\\-", "-"), (page.name, name)


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_completion(shell: str) -> None:
    done = run("completion", shell)
    assert done.exit_code == 0
    assert (
        f"_PAPERROUND_COMPLETE={shell}_complete" in done.stdout.replace(" ", "").replace("env", "")
        or f"_PAPERROUND_COMPLETE={shell}_complete" in done.stdout
    )


def test_the_unit_has_the_paths_of_this_installation(tmp_path: Path) -> None:
    a_paper(tmp_path, "sqlite:///../data/store.db")
    done = run("unit", "--config", tmp_path / "config")
    unit = done.stdout
    assert f"{tmp_path}/mail is not there: make it" in done.stderr
    assert f"Environment=PAPERROUND_CONFIG={tmp_path}/config\n" in unit
    assert f"ExecStart={BIN}/paperround run\n" in unit
    assert f"ReadWritePaths={tmp_path}/data {tmp_path}/mail\n" in unit
    assert "@" not in unit.replace("@system-service", "")


def test_a_path_that_systemd_would_take_for_something_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "50%"
    folder.mkdir()
    a_paper(folder, "sqlite:///../data/store.db")
    with pytest.raises(Exception, match="systemd does not take"):
        run("unit", "--config", folder / "config")


def test_where_nobody_answers_it_is_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = run("ready", f"127.0.0.1:{port}")
    assert done.exit_code == 1
    assert "no answer" in done.stderr


@pytest.mark.slow
def test_systemd_finds_nothing_to_complain_of_in_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze, "systemd is needed"
    a_paper(tmp_path, "sqlite:///../data/store.db")
    unit = tmp_path / "paperround.service"
    unit.write_text(run("unit", "--config", tmp_path / "config").stdout, encoding="utf-8")
    done = sh(analyze, "verify", "--man=no", "--recursive-errors=no", unit)
    about = [line for line in done.stderr.splitlines() if "paperround" in line]
    assert (done.returncode, about) == (0, [])
    unit.write_text(unit.read_text().replace("Type=notify", "Type=notified"), encoding="utf-8")
    assert "notified" in sh(analyze, "verify", "--man=no", unit).stderr


@pytest.mark.slow
def test_the_dockerfile_has_nothing_that_hadolint_finds_wrong() -> None:
    done = sh(BIN / "hadolint", ROOT / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.slow
def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash
    script = f"""PATH={BIN}:$PATH
source <(paperround completion bash)
COMP_WORDS=(paperround st); COMP_CWORD=1; _paperround_completion paperround
echo "${{COMPREPLY[@]}}"
COMPREPLY=(); COMP_WORDS=(paperround run --ro); COMP_CWORD=2; _paperround_completion paperround
echo "${{COMPREPLY[@]}}"
"""
    done = sh(bash, "-c", script)
    assert done.stdout.split("\n")[:2] == ["status", "--role"], done.stderr


@contextmanager
def a_manager(name: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(PATIENCE)
        yield listener


def until(listener: socket.socket, word: str) -> list[str]:
    """What was told until `word` was, in order."""
    told: list[str] = []
    while not told or not told[-1].startswith(word):
        told.append(listener.recv(4096).decode())
    return told


def asked(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - our own
        return str(answer.read().decode())


@pytest.mark.slow
def test_a_service_manager_and_operators_are_told_how_the_service_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        aside = f"127.0.0.1:{listener.getsockname()[1]}"
    name = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    monkeypatch.setenv("WATCHDOG_USEC", "90000000")
    paper = a_paper(tmp_path, "sqlite:///../store.db")
    config = tmp_path / "config" / "paperround.yaml"
    text = config.read_text().replace("web: {", f'web: {{metrics: "{aside}", ')
    config.write_text(text, encoding="utf-8")
    paper.drop("bridge.md", "# The bridge\n\nIt opened.\n")
    with a_manager(name) as manager, ending(paper):
        paper.start()
        first = until(manager, "READY=1")
        assert first[-1] == f"READY=1\nSTATUS=running at http://127.0.0.1:{paper.port}/"
        assert {"WATCHDOG=1"} >= set(first[:-1])
        until(manager, "WATCHDOG=1")
        until(manager, "WATCHDOG=1")
        _look_around(paper, aside)
        assert paper.process is not None
        paper.process.send_signal(signal.SIGHUP)
        until(manager, "RELOADING=1")
        assert until(manager, "READY=1")[-1] == first[-1]
        assert paper.stop() == 0
        assert until(manager, "STOPPING=1")
    events = [json.loads(line)["event"] for line in paper.log.read_text().splitlines()]
    assert events[-1] == "service.stopping"
    assert "service.started" in events
    assert "feeds.published" in events


def _look_around(paper: Paper, aside: str) -> None:
    here = f"127.0.0.1:{paper.port}"
    for path in ("livez", "readyz"):
        assert json.loads(asked(f"http://{here}/{path}"))["status"] == "ok"
        assert json.loads(asked(f"http://{aside}/{path}"))["status"] == "ok"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        asked(f"http://{here}/metrics")
    numbers = asked(f"http://{aside}/metrics")
    assert 'paperround_articles_ingested_total{outcome="new",source="articles"} 1.0' in numbers
    assert "process_resident_memory_bytes" in numbers
    assert "readers.example" not in numbers
    ready = run("ready", here)
    assert (ready.exit_code, ready.stdout.splitlines()[0]) == (0, "configuration: ok")


@pytest.mark.slow
def test_a_service_that_hangs_feeds_no_watchdog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    monkeypatch.setenv("WATCHDOG_USEC", "90000000")
    paper = a_paper(tmp_path, "sqlite:///../store.db")
    with a_manager(name) as manager, ending(paper):
        paper.start()
        until(manager, "WATCHDOG=1")
        assert paper.process is not None
        paper.process.send_signal(signal.SIGSTOP)
        manager.settimeout(3)
        with pytest.raises(TimeoutError):
            until(manager, "nothing of the kind")  # what was on its way already comes first
        paper.process.send_signal(signal.SIGCONT)
        manager.settimeout(PATIENCE)
        until(manager, "WATCHDOG=1")
