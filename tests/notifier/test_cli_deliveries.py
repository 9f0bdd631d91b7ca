"""`paperround deliveries`: what operators see of messages, and what they decide."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from notifier.cli import group
from tests.feeds.library.builders import markdown, write

CONFIG = """
version: 1
site: {name: Riverside Courier, url: "https://news.example.org"}
store: sqlite:///store.db
sources: [{folder: articles}]
digests: {morning: {schedule: every day at 07:30}}
subscribers:
  - {email: ada@readers.example, digests: [morning]}
  - {email: ben@readers.example, digests: [morning]}
mail: {from: news@example.org, transport: "maildir:mail"}
"""


class Paper:
    """A paper with two readers; its store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = str(folder / "paperround.yaml")
        write(folder, "paperround.yaml", CONFIG)

    def publish(self) -> None:
        """Send the first issue."""
        folder = self.folder
        write(folder / "articles", "one.md", markdown("The river rose"))
        assert self.run("ingest", str(folder / "articles")).exit_code == 0
        assert self.run("send", "morning").exit_code == 0

    def run(self, *words: str, stdin: str = "") -> Result:
        return CliRunner().invoke(group, [*words, "--config", self.config], input=stdin)

    def told(self, *words: str, code: int = 0, stdin: str = "") -> Any:
        result = self.run("deliveries", *words, "--json", stdin=stdin)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def became(self, state: str, reader: int | None = None) -> None:
        """Make all deliveries, or that of one reader, end like this."""
        with sqlite3.connect(self.folder / "store.db") as store:
            where = "" if reader is None else f" WHERE subscriber_id = {reader}"
            store.execute(f"UPDATE deliveries SET state = ?{where}", (state,))  # noqa: S608 - numbers
        store.close()

    def messages(self) -> int:
        return len(list((self.folder / "mail" / "new").iterdir()))


@pytest.fixture
def paper(tmp_path: Path, sqlite_tables: Path) -> Paper:
    """A paper whose first issue was sent."""
    (tmp_path / "store.db").write_bytes(sqlite_tables.read_bytes())
    paper = Paper(tmp_path)
    paper.publish()
    return paper


def test_deliveries_are_listed_with_what_became_of_them(paper: Paper) -> None:
    listed = paper.told("list", "--limit", "1")
    [first] = listed["deliveries"]
    assert (first["email"], first["state"]) == ("ada@readers.example", "accepted")
    assert f"{first['message_id']}".endswith("@example.org>")
    rest = paper.told("list", "--after", listed["next"])
    assert [one["email"] for one in rest["deliveries"]] == ["ben@readers.example"]
    assert rest["next"] is None
    assert "ben@readers.example" in paper.run("deliveries", "list").stdout
    assert paper.told("list", "--state", "failed")["deliveries"] == []


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--after", "ada"],
        ["list", "--digest", "mornin"],
        ["retry"],
        ["retry", "--state", "failed"],
        ["retry", "--state", "failed", "--all", "--digest", "morning"],
        ["retry", "--state", "failed", "--all", "--until", "2001-01-01"],
        ["release", "--all"],
        ["release", "--all", "--resend", "--accepted"],
        ["recover"],
        ["recover", "--assume-sent-until", "2999-01-01"],
        ["recover", "--assume-sent-until", "2001-01-01", "--and-by-hand", "mornin"],
    ],
)
def test_what_is_not_clear_is_refused(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "articles").mkdir()
    assert Paper(tmp_path).run("deliveries", *words).exit_code == 2


def test_the_books_balance_by_digest_issue_and_provider(paper: Paper) -> None:
    paper.became("failed", 2)
    for by, name in (("digest", "morning"), ("issue", "morning"), ("provider", "readers.example")):
        [row] = paper.told("counts", "--by", by)["counts"]
        assert name in row.values()
        assert (row["audience"], row["accepted"], row["failed"]) == (2, 1, 1)
    assert "readers.example" in paper.run("deliveries", "counts", "--by", "provider").stdout
    status = json.loads(paper.run("status", "--json").stdout)
    for part in ("books", "issues", "providers"):
        [row] = status[part]
        assert row["audience"] == row["accepted"] + row["failed"] == 2


def test_what_failed_is_sent_again_and_arrives(paper: Paper) -> None:
    paper.became("failed", 2)
    assert paper.told("retry", "--state", "failed", "--reader", "ada@readers.example") == {
        "meant": 0,
        "queued": 0,
        "withdrawn": 0,
        "had": 0,
    }
    done = paper.told("retry", "--state", "failed", "--all")
    assert (done["meant"], done["queued"]) == (1, 1)
    for file in (paper.folder / "mail" / "new").iterdir():
        file.unlink()
    assert paper.run("send").exit_code == 0
    assert paper.messages() == 1
    [row] = paper.told("counts")["counts"]
    assert row["accepted"] == 2


def test_what_was_withdrawn_is_not_sent_again(paper: Paper) -> None:
    paper.became("expired")
    article = paper.folder / "articles" / "one.md"
    article.write_text(article.read_text().replace("---\n", "---\nwithdrawn: true\n", 1))
    assert paper.run("ingest", "--withdraw", str(article)).exit_code == 0
    done = paper.told("retry", "--state", "expired", "--all", code=1)
    assert (done["meant"], done["queued"], done["withdrawn"]) == (2, 0, 2)


def test_doubt_is_settled_by_word_by_record_or_by_sending_again(paper: Paper) -> None:
    [ada, _] = paper.told("list")["deliveries"]
    paper.became("in_doubt")
    lines = f"{ada['message_id']}\nzoe@readers.example\n"
    done = paper.told("reconcile", "-", stdin=lines)
    assert (done["by_message"], done["unlisted"], done["unknown"]) == (1, 1, 1)
    assert paper.run("deliveries", "reconcile", "-", stdin="nothing").exit_code == 1
    resent = paper.told("release", "--resend", "--all")
    assert resent["queued"] == 1
    paper.became("in_doubt", 2)
    closed = paper.told("release", "--accepted", "--digest", "morning")
    assert closed["accepted"] == 1
    [row] = paper.told("counts")["counts"]
    assert row["accepted"] == row["audience"] == 2


def test_a_restored_store_is_made_safe(paper: Paper) -> None:
    paper.became("queued")
    [_, ben] = paper.told("list")["deliveries"]
    done = paper.told("recover", "--assume-sent-until", str(ben["changed_at"]))
    assert done["closed"] == {"morning": {"queued": 2}}
    assert paper.messages() == 2
    again = paper.run("deliveries", "recover", "--assume-sent-until", str(ben["changed_at"]))
    assert "nothing was left from before" in again.stdout
    assert "--and-by-hand DIGEST" in again.stdout
    write(paper.folder / "articles", "two.md", markdown("The river fell"))
    moment = datetime.now(UTC).isoformat()
    words = ("recover", "--assume-sent-until", moment, "--and-by-hand", "morning")
    assert f"extra:{moment}" in paper.told(*words)["slots"]["morning"]
    assert "--and-by-hand" not in paper.run("deliveries", *words).stdout
    assert paper.run("send", "morning").exit_code == 0
    assert paper.messages() == 2
