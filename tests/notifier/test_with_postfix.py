"""A real Postfix takes mail, puts it off and bounces it back to us, and we know whose it was."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from notifier.cli import group
from tests.feeds.library.builders import markdown, write
from tests.postfix import GONE, LATER, NOBODY, Postfix, a_postfix

pytestmark = pytest.mark.slow

ADA = "ada@readers.example"
OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
RECIPES = OPERATING.with_name("recipes.md")
CONFIG = """
version: 1
site: {{name: Riverside Courier, url: "https://news.example.org"}}
store: sqlite:///store.db
sources: [{{folder: articles}}]
digests: {{morning: {{schedule: every day at 07:30}}}}
subscribers:
  - {{email: ada@readers.example, name: Ada, digests: [morning]}}
  - {{email: gone@readers.example, digests: [morning]}}
  - {{email: later@readers.example, digests: [morning]}}
mail:
  from: Riverside Courier <news@example.org>
  transport: smtp://127.0.0.1:{port}
  {bounces}
"""
VERP = "bounces: {domain: bounces.example.org}"


class Paper:
    """A paper that is sent through a mail server."""

    def __init__(self, folder: Path, server: Postfix, bounces: str) -> None:
        self.folder, self.server = folder, server
        write(folder, "paperround.yaml", CONFIG.format(port=server.port, bounces=bounces))
        write(folder / "articles", "one.md", markdown("The river rose"))
        self.run("ingest", str(folder / "articles"))

    def run(self, *words: str, stdin: bytes = b"") -> Result:
        config = ["--config", str(self.folder / "paperround.yaml")]
        return CliRunner().invoke(group, [*words, *config], input=stdin)

    def told(self, *words: str, stdin: bytes = b"") -> Any:
        result = self.run(*words, "--json", stdin=stdin)
        return json.loads(result.stdout)

    def states(self) -> dict[str, str]:
        rows = self.told("deliveries", "list")["deliveries"]
        return {row["email"]: row["state"] for row in rows}

    def attributed(self) -> list[tuple[str | None, str]]:
        """Whose message was taken to have come back, and by what that was found."""
        query = (
            "SELECT address, how FROM returned"
            " LEFT JOIN subscribers ON subscribers.id = returned.subscriber_id"
        )
        with closing(sqlite3.connect(self.folder / "store.db")) as store:
            return store.execute(query).fetchall()


def eventually(what: Callable[[], object]) -> None:
    """Wait until something is so, for half a minute at most."""
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("bounces", "reports", "found_by"),
    [(VERP, True, "verp"), ("", True, "envid"), ("", False, "token")],
    ids=["verp", "by our name for it", "by what it returns"],
)
def test_what_bounces_is_known_to_be_of_its_reader(
    tmp_path: Path, bounces: str, reports: bool, found_by: str
) -> None:
    with a_postfix(reports=reports) as server:
        paper = Paper(tmp_path, server, bounces)
        sent = paper.told("send", "morning")
        assert sent["messages"] == {"accepted": 2, "deferred": 1}
        assert paper.states() == {ADA: "accepted", GONE: "accepted", LATER: "deferred"}
        eventually(lambda: server.delivered and list((server.returned / "new").glob("*")))
        [message] = server.delivered
        parsed = BytesParser(policy=policy.default).parsebytes(message.read_bytes())
        assert (parsed["To"].addresses[0].addr_spec, parsed.defects) == (ADA, [])
        taken = paper.told("returns", "--maildir", str(server.returned))
    assert taken["counts"] == [
        {"kind": "failure", "found_by": found_by, "step": "noted", "messages": 1}
    ]
    assert paper.attributed() == [(GONE, found_by)]


def test_the_lines_of_the_recipe_bring_back_what_bounces(tmp_path: Path) -> None:
    """As they stand in the recipe of a relay, but for the folder and the user."""
    lines = re.search(r"main\.cf`:\n\n((?:    .+\n)+)", RECIPES.read_text(encoding="utf-8"))
    assert lines is not None
    written = lines[1].replace("/srv/paper/data", "HOME/mail").replace("    ", "")
    written = re.sub("PAPERROUND_[UG]ID", str(NOBODY), written)
    with a_postfix(instead=written) as server:
        paper = Paper(tmp_path, server, VERP)
        sent = paper.told("send", "morning")["messages"]
        assert sent == {"accepted": 1, "deferred": 1, "failed": 1}  # one is refused at once
        returns = server.home / "mail" / "returns"
        eventually(lambda: list((returns / "new").glob("*")))
        assert "warning" not in server.log
        taken = paper.told("returns", "--maildir", str(returns))
    assert [(one["found_by"], one["messages"]) for one in taken["counts"]] == [("verp", 1)]
    assert paper.attributed() == [(GONE, "verp")]


def test_what_the_log_of_postfix_says_it_took_settles_what_is_in_doubt(tmp_path: Path) -> None:
    [command] = re.findall(
        r"^    (awk .*?) \|$", OPERATING.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    program = shutil.which("sh")
    assert program
    with a_postfix() as server:
        paper = Paper(tmp_path, server, VERP)
        paper.told("send", "morning")
        with closing(sqlite3.connect(tmp_path / "store.db")) as store, store:
            store.execute("UPDATE deliveries SET state = 'in_doubt'")
        eventually(lambda: server.log.count("queue active") >= 2)
        ours = command.replace("/var/log/mail.log", str(server.home / "log"))
        listed = subprocess.run([program, "-c", ours], capture_output=True, check=True)  # noqa: S603
    done = paper.told("deliveries", "reconcile", "-", stdin=listed.stdout)
    assert (done["by_message"], done["unlisted"]) == (2, 1)
    assert paper.states() == {ADA: "accepted", GONE: "accepted", LATER: "in_doubt"}
