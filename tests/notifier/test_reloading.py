"""Edits are taken up while the service runs, and a broken one costs nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.library.builders import markdown
from tests.notifier.keys import ed25519_pem, rsa_pem
from tests.notifier.test_service import PATIENCE, Paper, a_paper, ending, eventually

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-tests"
FEEDS = "feeds: {all: {title: Everything}}"
BROKEN = "feeds: {all: {titel: Everything}}"


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Paper]:
    with ending(a_paper(tmp_path, "sqlite:///../store.db", readers=60)) as made:
        edit(made, "watch: 1s", "watch: 1s", "listen: ", f"token: {TOKEN}, listen: ")
        made.drop("first.md", markdown("The mill"))
        made.start()
        yield made


def written(paper: Paper) -> Path:
    return paper.folder / "config" / "paperround.yaml"


def edit(paper: Paper, *words: str) -> None:
    """Put each second of `words` in the place of the first before it, as an editor would."""
    text = written(paper).read_text(encoding="utf-8")
    for before, after in zip(words[::2], words[1::2], strict=True):
        assert before in text
        text = text.replace(before, after)
    beside = written(paper).with_suffix(".swp")
    beside.write_text(text, encoding="utf-8")
    beside.rename(written(paper))


def ask(paper: Paper, path: str, token: str = "", method: str = "POST") -> tuple[int, str]:
    """Return the status and the body of the answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{paper.port}{path}", method=method)
    if token:
        request.add_header("authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - ours
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def there(paper: Paper, feed: str) -> bool:
    return ask(paper, f"/feeds/{feed}.json", method="GET")[0] == 200


def status(paper: Paper) -> dict[str, Any]:  # documented in docs/command-line.md
    code, out, err = paper.run("status", "--json")
    assert code == 0, err
    [found] = json.loads(out)["configuration"]
    assert isinstance(found, dict)
    return found


def events(paper: Paper, name: str) -> list[dict[str, Any]]:  # documented in docs/monitoring.md
    found = [json.loads(line) for line in paper.log.read_text().splitlines()]
    return [event for event in found if event["event"] == name]


async def test_an_edit_is_taken_up_and_a_broken_one_leaves_what_was(paper: Paper) -> None:
    [started] = events(paper, "configuration.applied")
    assert (started["trigger"], started["added"]) == ("start", 60)
    edit(paper, FEEDS, "feeds: {all: {title: Everything}, mills: {words: [mill]}}")
    await eventually(lambda: there(paper, "mills"))
    edit(paper, "feeds: {all: {title:", "feeds: {all: {titel:")
    await eventually(lambda: len(events(paper, "configuration.problem")) > 0)
    words = "unknown key `titel`; did you mean `title`?"
    assert events(paper, "configuration.problem")[0]["problem"].endswith(words)
    assert there(paper, "mills")
    assert there(paper, "all")
    found = await asyncio.to_thread(status, paper)
    assert (found["outcome"], found["trigger"]) == ("refused", "change")
    assert any("titel" in problem for problem in found["problems"])
    assert found["since"] < found["attempted_at"]
    code, out, _ = await asyncio.to_thread(paper.run, "reload")
    assert (code, "refused" in out, "titel" in out) == (1, True, True)
    edit(paper, "titel:", "title:")
    await eventually(lambda: "configuration.unchanged" in paper.log.read_text())
    edit(paper, ", mills: {words: [mill]}", "")
    await eventually(lambda: not there(paper, "mills"))


async def test_a_link_that_is_swapped_is_seen(tmp_path: Path) -> None:
    with ending(a_paper(tmp_path, "sqlite:///../store.db")) as paper:
        text = written(paper).read_text(encoding="utf-8").replace("../", f"{tmp_path}/")
        text = text.replace("sqlite:///", "sqlite:///").replace(f"///{tmp_path}", f"//{tmp_path}")
        for name, feeds in (("..1", FEEDS), ("..2", "feeds: {other: {title: Other}}")):
            folder = tmp_path / "config" / name
            folder.mkdir()
            (folder / "paperround.yaml").write_text(text.replace(FEEDS, feeds), encoding="utf-8")
        data = tmp_path / "config" / "..data"
        data.symlink_to("..1")
        written(paper).unlink()
        written(paper).symlink_to("..data/paperround.yaml")
        await asyncio.to_thread(paper.start)
        (tmp_path / "config" / "..tmp").symlink_to("..2")
        (tmp_path / "config" / "..tmp").rename(data)
        await eventually(lambda: there(paper, "other"))


async def test_whoever_has_the_token_may_ask_and_nobody_else(paper: Paper) -> None:
    assert ask(paper, "/-/reload")[0] == 401
    assert ask(paper, "/-/reload", "another-token-altogether")[0] == 403
    assert ask(paper, "/-/reload", TOKEN, "GET")[0] == 405
    code, body = ask(paper, "/-/reload", TOKEN)
    assert (code, json.loads(body)["outcome"]) == (200, "unchanged")
    assert "configuration.unchanged" in paper.log.read_text()
    code, page = ask(paper, "/-/", TOKEN, "GET")
    assert (code, "In use since" in page) == (200, True)
    assert TOKEN not in paper.log.read_text()


async def test_many_readers_go_only_by_the_operators_word(paper: Paper) -> None:
    text = written(paper).read_text(encoding="utf-8")
    gone = text.replace("{email: reader1", "#{email: reader1").split("subscribers: [")
    few = "subscribers: [{email: reader0@readers.example, digests: [morning]}]\n"
    after = gone[1].split("]]\n")[-1] if "]]\n" in gone[1] else gone[1].split("}]\n")[-1]
    written(paper).write_text(gone[0] + few + after, encoding="utf-8")
    code, body = await asyncio.to_thread(ask, paper, "/-/reload", TOKEN)
    assert (code, json.loads(body)["outcome"]) == (409, "held")
    assert "59 of 60 readers would be removed" in body
    code, out, err = await asyncio.to_thread(paper.run, "reload", "--yes")
    assert (code, err) == (0, "")
    assert "59 removed" in out


async def test_a_signal_asks_too_and_what_needs_a_start_is_told(paper: Paper) -> None:
    assert paper.process is not None
    edit(paper, str(paper.port), str(paper.port + 1))
    os.kill(paper.process.pid, signal.SIGHUP)
    await eventually(lambda: "configuration.later" in paper.log.read_text())
    assert there(paper, "all")
    assert await asyncio.to_thread(paper.stop) == 0


def reloads(paper: Paper) -> int:
    """Return how often an edit has been taken up, the start included."""
    return paper.log.read_text().count("configuration.applied")


async def test_files_that_stand_for_values_are_watched_too(tmp_path: Path) -> None:
    """Readers in CSV, a secret and a key that signs: none of them stands in YAML."""
    with ending(a_paper(tmp_path, "sqlite:///../store.db")) as paper:
        folder = tmp_path / "config"
        edit(
            paper,
            "listen: ",
            'token: "${file:token.txt}", listen: ',
            "subscribers: [{email: reader0@readers.example, digests: [morning]}]",
            "subscribers_file: readers.csv",
            "from: news@example.org,",
            "from: news@example.org, dkim: {domain: example.org, selector: s1,"
            ' key: "${file:dkim.pem}"},',
        )
        (folder / "readers.csv").write_text("email,digests\nfirst@readers.example,morning\n")
        (folder / "token.txt").write_text(TOKEN)
        (folder / "dkim.pem").write_text(ed25519_pem())
        await asyncio.to_thread(paper.start)

        with (folder / "readers.csv").open("a") as readers:
            readers.write("second@readers.example,morning\n")
        await eventually(lambda: reloads(paper) == 2)
        code, out, _ = await asyncio.to_thread(paper.run, "subscribers", "list")
        assert (code, out.count("@readers.example")) == (0, 2)

        (folder / "token.txt").write_text("another-token-of-the-tests")
        await eventually(lambda: reloads(paper) == 3)
        assert ask(paper, "/-/reload", TOKEN)[0] == 403
        assert ask(paper, "/-/reload", "another-token-of-the-tests")[0] == 200

        (folder / "dkim.pem").write_text(rsa_pem())
        await eventually(lambda: reloads(paper) == 4)
        (folder / "dkim.pem").unlink()
        await eventually(lambda: "dkim.pem` is not there" in paper.log.read_text())
        assert reloads(paper) == 4
