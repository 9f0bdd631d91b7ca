"""`diff`: what an edited configuration would change of the one in use, or of another one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.library.builders import markdown, write
from tests.notifier.test_reloading import edit, written
from tests.notifier.test_service import Paper, a_paper, ending, eventually

pytestmark = pytest.mark.slow

MORNING = "morning: {title: The morning paper, schedule: every day at 07:30}"


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Paper]:
    """A publication with articles and thirty readers, whose service is not running."""
    with ending(a_paper(tmp_path, "sqlite:///../store.db", readers=30)) as made:
        for number in range(3):
            write(tmp_path / "articles", f"{number}.md", markdown(f"Number {number}", "Text."))
        yield made


def beside(paper: Paper) -> Path:
    """Keep the configuration as it is now, in a file elsewhere; return where."""
    kept = paper.folder / "before" / "paperround.yaml"
    kept.parent.mkdir()
    kept.write_text(written(paper).read_text(encoding="utf-8"), encoding="utf-8")
    return kept


def compared(paper: Paper, before: Path) -> tuple[str, dict[str, Any]]:
    """Return what `diff` says of changes, in words and as data."""
    none = not (paper.folder / "store.db").exists()
    code, out, err = paper.run("diff", "--against", before)
    assert (code, "there is no store" in err, err.count("\n")) == (2, none, none)
    code, data, err = paper.run("diff", "--json", "--against", before)
    assert (code, err.count("\n")) == (2, none)
    found = json.loads(data)
    assert isinstance(found, dict)
    return out, found


def test_nothing_differs_from_itself(paper: Paper) -> None:
    assert paper.run("send")[0] == 0  # the readers are in the store
    assert paper.run("diff", "--against", beside(paper)) == (0, "nothing would change\n", "")


def test_a_configuration_with_mistakes_is_not_compared(paper: Paper) -> None:
    before = beside(paper)
    edit(paper, "title: Everything", "titel: Everything")
    code, out, err = paper.run("diff", "--against", before)
    assert (code, out) == (1, "")
    assert "unknown key `titel`" in err
    code, _, err = paper.run("diff", "--config", before)
    assert code == 1
    assert "no service has run on this store" in err or "unknown key" in err


def test_a_renamed_feed_is_told_as_renamed(paper: Paper) -> None:
    edit(paper, "feeds: {all:", "feeds: {gone: {title: Gone}, all:")
    before = beside(paper)
    edit(paper, "gone: {title: Gone}, all: {title: Everything}", "new: {title: New, was: [all]}")
    edit(paper, "new: {title: New, was: [all]}", "new: {title: New, was: [all]}, more: {title: M}")
    out, found = compared(paper, before)
    renamed = {"added": ["more"], "removed": ["gone"], "renamed": {"all": "new"}}
    assert found["feeds"] == renamed | {"for_each": {"added": [], "removed": []}}
    assert "~ feed all is new now: the old address leads to the new one" in out
    assert "- feed gone: its address answers 404" in out
    assert "+ feed more" in out


def test_slots_that_move_are_told_with_both(paper: Paper) -> None:
    before = beside(paper)
    edit(paper, MORNING, MORNING.replace("07:30", "18:00") + ", new: {schedule: every hour}")
    out, found = compared(paper, before)
    [moved] = found["digests"]["moved"]
    assert moved["digest"] == "morning"
    assert ("T07:30" in moved["before"], "T18:00" in moved["after"]) == (True, True)
    assert found["digests"]["added"] == ["new"]
    assert f"~ digest morning: next {moved['before']} -> {moved['after']}" in out


def test_settings_are_told_as_they_are_written(paper: Paper) -> None:
    edit(paper, "{all:", "{arts: {select: {tags: [stage]}}, all:")
    before = beside(paper)
    edit(paper, "tags: [stage]", "tags: [stage, music]")
    out, found = compared(paper, before)
    assert "~ feeds.arts.select.tags: [stage] -> [stage, music]\n" in out
    assert found["settings"]["feeds.arts.select.tags"]["after"] == ["stage", "music"]


def test_feeds_for_each_label_that_go_are_told_as_such(paper: Paper) -> None:
    edit(paper, "feeds: {all:", "feeds_for_each: {section: {}}\nfeeds: {all:")
    before = beside(paper)
    edit(paper, "feeds_for_each: {section: {}}", "feeds_for_each: {tag: {items: 20}}")
    out, found = compared(paper, before)
    assert "+ a feed for each tag\n- the feed for each section: their addresses answer 404\n" in out
    assert found["feeds"]["for_each"] == {"added": ["tag"], "removed": ["section"]}
    assert found["settings"] == {}


def test_readers_who_come_and_go_are_counted_and_named(paper: Paper) -> None:
    assert paper.run("send")[0] == 0
    before = beside(paper)
    edit(
        paper,
        "{email: reader0@readers.example, digests: [morning]}, ",
        "{email: new@readers.example, digests: [morning]}, ",
        "{email: reader1@readers.example, digests: [morning]}",
        "{email: reader1@readers.example, digests: [morning], language: de}",
    )
    out, found = compared(paper, before)
    assert found["readers"] == {
        "added": {"count": 1, "named": ["new@readers.example"]},
        "changed": {"count": 1, "named": ["reader1@readers.example"]},
        "removed": {"count": 1, "named": ["reader0@readers.example"]},
    }
    assert "+ 1 reader added: new@readers.example" in out
    assert "- 1 reader removed: reader0@readers.example" in out


def test_of_many_readers_the_first_are_named(paper: Paper) -> None:
    out, found = compared(paper, beside(paper))
    assert found["readers"]["added"]["count"] == 30
    assert len(found["readers"]["added"]["named"]) == 20
    assert "+ 30 readers added: " in out
    assert " and 10 more\n" in out


def test_it_tells_how_many_would_get_older_articles(paper: Paper) -> None:
    assert paper.run("ingest", paper.folder / "articles")[0] == 0
    out, found = compared(paper, beside(paper))
    assert found["older"] == [{"digest": "morning", "readers": 30, "articles": 3}]
    assert "! 30 readers would get 3 older articles with the next `morning`" in out
    edit(paper, MORNING, MORNING.replace("}", ", welcome: none}"))
    assert compared(paper, paper.folder / "before" / "paperround.yaml")[1]["older"] == []


async def test_it_compares_with_what_the_service_runs_with(paper: Paper) -> None:
    code, _, err = await asyncio.to_thread(paper.run, "diff")
    assert (code, "there is no store" in err) == (1, True)
    assert (await asyncio.to_thread(paper.run, "ingest", paper.folder / "articles"))[0] == 0
    code, _, err = await asyncio.to_thread(paper.run, "diff")
    assert (code, "no service has run on this store" in err) == (1, True)
    await asyncio.to_thread(paper.start)
    assert await asyncio.to_thread(paper.run, "diff") == (0, "nothing would change\n", "")
    edit(paper, "title: Everything", "titel: Everything")
    await eventually(lambda: "configuration.not_applied" in paper.log.read_text())
    edit(paper, "titel: Everything", "title: All of it")
    await eventually(lambda: paper.run("diff")[0] == 0)
    assert await asyncio.to_thread(paper.stop) == 0
    assert await asyncio.to_thread(paper.run, "diff") == (0, "nothing would change\n", "")
    edit(paper, "All of it", "Everything")
    code, out, _ = await asyncio.to_thread(paper.run, "diff")
    assert (code, out) == (2, "~ feeds.all.title: All of it -> Everything\n")


async def test_what_would_remove_many_readers_is_done_by_the_word(paper: Paper) -> None:
    assert paper.run("send")[0] == 0
    text = written(paper).read_text(encoding="utf-8")
    begin, end = text.index("subscribers: ["), text.index("mail: {from")
    few = "subscribers: [{email: reader0@readers.example, digests: [morning]}]\n"
    written(paper).write_text(text[:begin] + few + text[end:], encoding="utf-8")
    code, _, err = await asyncio.to_thread(paper.run, "send")
    assert "29 of 30 readers would be removed" in err
    assert active(paper) == 30
    code, _, _ = await asyncio.to_thread(paper.run, "send", "--yes")
    assert (code, active(paper)) == (0, 1)


async def test_the_service_starts_with_the_word_too(paper: Paper) -> None:
    assert paper.run("send")[0] == 0
    text = written(paper).read_text(encoding="utf-8")
    begin, end = text.index("subscribers: ["), text.index("mail: {from")
    few = "subscribers: [{email: reader0@readers.example, digests: [morning]}]\n"
    written(paper).write_text(text[:begin] + few + text[end:], encoding="utf-8")
    await asyncio.to_thread(paper.start)
    assert "readers.removal_held" in paper.log.read_text()
    assert await asyncio.to_thread(paper.stop) == 0
    assert active(paper) == 30
    await asyncio.to_thread(paper.start, "--yes")
    assert await asyncio.to_thread(paper.stop) == 0
    assert active(paper) == 1


def active(paper: Paper) -> int:
    """Return how many readers get the digest."""
    code, out, err = paper.run("subscribers", "list", "--digest", "morning", "--json")
    assert code == 0, err  # looking removes nobody
    readers = json.loads(out)["subscribers"]
    return sum(one["digests"][0]["state"] == "active" for one in readers)


def test_what_was_not_taken_up_yet_is_planned_explained_and_previewed(paper: Paper) -> None:
    assert paper.run("ingest", paper.folder / "articles")[0] == 0
    assert paper.run("subscribers", "list")[0] == 0  # the readers are in the store
    kept = rows(paper)
    edit(
        paper,
        "subscribers: [",
        "subscribers: [{email: new@readers.example, digests: [morning]}, ",
        "title: The morning paper",
        "title: The early paper",
    )
    code, out, err = paper.run("plan", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["messages"] == 31
    code, out, err = paper.run("explain", "Number 1", "new@readers.example")
    assert (code, err) == (0, "")
    assert "morning" in out
    code, out, err = paper.run("preview", "morning", "--for", "new@readers.example")
    assert (code, err) == (0, "")
    assert "The early paper" in out
    assert rows(paper) == kept


def rows(paper: Paper) -> int:
    """Return how many readers are in the store."""
    with contextlib.closing(sqlite3.connect(paper.folder / "store.db")) as store:
        return int(store.execute("SELECT count(*) FROM subscribers").fetchone()[0])
