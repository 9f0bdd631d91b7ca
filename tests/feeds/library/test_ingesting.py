"""Ingesting takes files in once, tells what is wrong, and loses nothing when files go."""

from __future__ import annotations

import asyncio
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from feeds.errors import SourceError
from feeds.kit.database import Database
from feeds.library import SETTLE_NS, ingest_paths
from tests.conftest import NOW
from tests.feeds.library.builders import FULL, LONG_AGO, PAGE, Desk, markdown, outcomes, write

HALF = timedelta(microseconds=SETTLE_NS / 1000)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path / "articles")


@pytest.fixture
def light(sqlite: Database, tmp_path: Path) -> Desk:
    """The same where the kind of database does not matter."""
    return Desk(sqlite, tmp_path / "articles")


async def test_the_second_time_everything_is_unchanged(desk: Desk) -> None:
    write(desk.path, "a.md", markdown("A", "About a mill."))
    write(desk.path, "deep/b.md", markdown("B", "About a boat."))
    write(desk.path, "page.txt", PAGE)
    first = await desk.take(desk.path)
    assert (outcomes(first), first.files, first.problems) == ({"new": 4}, 3, [])
    again = await desk.take(desk.path)
    assert (outcomes(again), again.files) == ({"unchanged": 4}, 3)
    assert outcomes(await desk.look()) == {}


async def test_a_watched_folder_is_read_once_and_again_where_it_changed(desk: Desk) -> None:
    write(desk.path, "a.md", markdown("A", "About a mill."))
    write(desk.path, "b.md", markdown("B", "About a boat."))
    assert outcomes(await desk.look()) == {"new": 2}
    assert (await desk.look()).files == 0
    write(desk.path, "b.md", markdown("B", "About two boats."), at=NOW - timedelta(hours=1))
    report = await desk.look()
    assert (outcomes(report), report.files) == ({"changed": 1}, 1)


async def test_a_picture_with_a_title_needs_no_words(light: Desk) -> None:
    write(light.path, "a.md", markdown("The mill at dawn", "![](https://example.org/mill.jpg)"))
    write(light.path, "b.md", markdown("The boat", "", image="https://example.org/boat.jpg"))
    write(light.path, "c.md", markdown("Nothing at all", ""))
    report = await light.take(light.path)
    assert outcomes(report) == {"new": 2, "refused": 1}


async def test_paths_inside_a_declared_folder_belong_to_it(desk: Desk, tmp_path: Path) -> None:
    path = write(desk.path, "deep/a.md", markdown("A"))
    outside = write(tmp_path, "b.md", markdown("B", "Somewhere else."))
    link = tmp_path / "link"
    link.symlink_to(desk.path)
    assert outcomes(await desk.take(path, outside)) == {"new": 2}
    assert outcomes(await desk.take(link / "deep" / "a.md")) == {"unchanged": 1}
    assert outcomes(await desk.look()) == {}
    entries = await desk.store.arrived(0, 9, 9)
    sources = [(entry.article.source, entry.article.key) for entry in entries]
    assert sources[0] == ("articles", "path:deep/a.md")
    assert sources[1][0] == "files"


async def test_what_is_wrong_is_told_with_file_and_line_and_the_rest_goes_on(light: Desk) -> None:
    good = write(light.path, "good.md", markdown("Good"))
    broken = write(light.path, "broken.md", "---\ntitle: [\n---\nText.\n")
    empty = write(light.path, "empty.md", "")
    dated = write(light.path, "dated.md", markdown("Dated", date="someday"))
    report = await light.take(light.path)
    assert "Good" in await light.titles()
    told = {problem.place.path: problem for problem in report.problems}
    assert set(told) == {str(broken), str(empty), str(dated)}
    assert str(good) not in told
    assert (told[str(broken)].place.line, told[str(dated)].place.line) == (3, 3)
    again = await light.look()
    assert again.problems == []  # told once, until the file changes


async def test_a_path_that_is_not_there_is_a_problem_and_the_rest_goes_on(light: Desk) -> None:
    good = write(light.path, "good.md", markdown("Good"))
    circle = light.path / "circle.md"
    circle.symlink_to(circle)
    missing, endless = light.path / "missing.md", light.path / ("x" * 300)
    report = await light.take(missing, circle, endless, good)
    assert [problem.place.path for problem in report.problems] == [
        str(missing),
        str(circle),
        str(endless),
    ]
    assert outcomes(report) == {"new": 1}


async def test_a_link_that_leads_out_of_the_folder_is_told(light: Desk, tmp_path: Path) -> None:
    secret = write(tmp_path, "secret.md", markdown("Secret"))
    (light.path / "link.md").symlink_to(secret)
    for report in (await light.look(), await light.take(light.path)):
        [problem] = report.problems
        assert problem.place.path == str(light.path / "link.md")
    assert await light.titles() == []


async def test_two_documents_of_one_identity_are_refused_by_name(desk: Desk) -> None:
    write(desk.path, "a.md", markdown("A", "The first.", id="same"))
    assert outcomes(await desk.look()) == {"new": 1}
    b = write(desk.path, "b.md", markdown("B", "The second.", id="same"))
    report = await desk.look()
    assert outcomes(report) == {"refused": 1}
    [problem] = report.problems
    assert problem.place.path == str(b)
    assert "a.md" in problem.message
    assert await desk.titles() == ["A"]


async def test_a_file_still_being_written_is_left_alone_and_read_when_it_rests(
    light: Desk,
) -> None:
    write(light.path, "a.md", markdown("A"), at=NOW)
    report = await light.look(NOW + HALF / 2)
    assert (outcomes(report), report.unsettled) == ({}, 1)
    write(light.path, "a.md", markdown("A", "With its end."), at=NOW + HALF)
    assert (await light.look(NOW + HALF * 1.5)).unsettled == 1
    report = await light.look(NOW + 2 * HALF)
    assert (outcomes(report), report.unsettled) == ({"new": 1}, 0)
    [entry] = await light.store.arrived(0, 9, 9)
    assert entry.article.text == "With its end."


async def test_a_file_from_the_future_is_read_when_it_looks_the_same_twice(light: Desk) -> None:
    write(light.path, "a.md", markdown("A"), at=NOW + timedelta(days=300))
    assert (await light.look()).unsettled == 1
    assert outcomes(await light.look(NOW + HALF)) == {"new": 1}


async def test_a_folder_that_is_suddenly_empty_withdraws_and_forgets_nothing(desk: Desk) -> None:
    write(desk.path, "a.md", markdown("A"))
    write(desk.path, "b.md", markdown("B", "Another."))
    await desk.look()
    marks = await desk.store.marks()
    away = desk.path.with_name("away")
    desk.path.rename(away)
    desk.path.mkdir()
    assert outcomes(await desk.look()) == {}
    assert set(await desk.memory.of("articles")) == {"a.md", "b.md"}
    desk.path.rmdir()
    with pytest.raises(SourceError, match="no such folder"):
        await desk.look()
    away.rename(desk.path)
    assert (await desk.look()).files == 0  # nothing had to be read again
    assert await desk.store.marks() == marks
    assert await desk.titles() == ["A", "B"]


async def test_a_file_that_is_removed_is_not_a_withdrawal(desk: Desk) -> None:
    write(desk.path, "a.md", markdown("A"))
    write(desk.path, "b.md", markdown("B", "Another."))
    await desk.look()
    (desk.path / "a.md").unlink()
    assert outcomes(await desk.look()) == {}
    assert await desk.titles() == ["A", "B"]
    assert set(await desk.memory.of("articles")) == {"b.md"}


@pytest.mark.parametrize("way", ["look", "take"])
async def test_a_renamed_file_keeps_its_article_by_id(desk: Desk, way: str) -> None:
    write(desk.path, "a.md", markdown("A", "First words.", id="mill"))
    await desk.look()
    [before] = await desk.store.arrived(0, 9, 9)
    (desk.path / "a.md").unlink()
    write(desk.path, "renamed.md", markdown("A", "Other words.", id="mill"))
    report = await (desk.look() if way == "look" else desk.take(desk.path))
    assert (outcomes(report), report.problems) == ({"changed": 1}, [])
    [after] = await desk.store.arrived(0, 9, 9)
    assert (after.article.id, after.arrival) == (before.article.id, before.arrival)
    assert after.article.origin == "renamed.md"


async def test_a_withdrawal_is_said_by_the_document(desk: Desk) -> None:
    write(desk.path, "a.md", markdown("A", id="mill"))
    await desk.look()
    gone = markdown("A", id="mill", withdrawn="true")
    write(desk.path, "a.md", gone, at=NOW - timedelta(hours=1))
    assert outcomes(await desk.look()) == {"withdrawn": 1}
    assert await desk.titles() == []


async def test_a_teaser_of_a_page_becomes_the_article_when_its_text_arrives(desk: Desk) -> None:
    write(desk.path, "page.txt", PAGE)
    assert outcomes(await desk.look()) == {"new": 2}
    _, teaser = await desk.store.arrived(0, 9, 9)
    assert teaser.article.excerpt
    full = markdown("The mill comes back", FULL, publication="Riverside Courier")
    write(desk.path, "mill.md", full)
    assert outcomes(await desk.look()) == {"changed": 1}
    [article] = await desk.store.entries([teaser.article.id])
    assert not article.article.excerpt
    assert article.article.title == "The mill comes back"
    assert (article.arrival, article.revision) == (teaser.arrival, 2)
    assert article.article.published == teaser.article.published
    assert outcomes(await desk.take(desk.path)) == {"unchanged": 3}


async def test_a_file_replaced_by_another_of_the_same_size_and_time_is_read(light: Desk) -> None:
    path = write(light.path, "a.md", markdown("A"))
    await light.look()
    status = path.stat()
    other = write(light.path.parent, "other.md", markdown("B"))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    shutil.move(other, path)  # the same size and time, another file
    assert outcomes(await light.look()) == {"changed": 1}


async def test_two_processes_taking_in_the_same_files_agree(store_url: str, tmp_path: Path) -> None:
    for number in range(10):
        write(tmp_path / "articles", f"{number}.md", markdown(f"{number}", f"Text {number}."))
    one, other = Database(store_url), Database(store_url)
    desks = [Desk(database, tmp_path / "articles") for database in (one, other)]
    reports = await asyncio.gather(*(desk.take(desk.path) for desk in desks))
    counts = [outcomes(report) for report in reports]
    assert sum(count.get("new", 0) for count in counts) == 10
    assert sum(count.get("unchanged", 0) for count in counts) == 10
    assert len(await desks[0].memory.of("articles")) == 10
    await one.close()
    await other.close()


async def test_many_withdrawals_at_once_wait_for_the_operators_word(desk: Desk) -> None:
    for number in range(20):
        write(desk.path, f"{number}.md", markdown(f"Number {number}", id=f"n{number}"))
    await desk.look()
    for number in range(6):
        text = markdown(f"Number {number}", id=f"n{number}", withdrawn="true")
        write(desk.path, f"{number}.md", text, at=LONG_AGO + timedelta(minutes=1))
    held = await desk.look()
    assert (held.held, len(await desk.titles())) == (6, 20)
    assert (await desk.look()).held == 6
    report = await ingest_paths(
        [desk.path], [desk.folder], desk.store, desk.memory, NOW, withdraw=True
    )
    assert outcomes(report)["withdrawn"] == 6
    assert (await desk.look()).held == 0
    assert len(await desk.titles()) == 14


async def test_a_few_withdrawals_are_nothing_special(desk: Desk) -> None:
    for number in range(3):
        write(desk.path, f"{number}.md", markdown(f"Number {number}", id=f"n{number}"))
    await desk.look()
    for number in range(2):
        text = markdown(f"Number {number}", id=f"n{number}", withdrawn="true")
        write(desk.path, f"{number}.md", text, at=LONG_AGO + timedelta(minutes=1))
    assert outcomes(await desk.look())["withdrawn"] == 2


async def test_a_title_that_is_too_long_is_cut_and_told(light: Desk) -> None:
    path = write(light.path, "a.md", markdown("word " * 2000, "About a mill."))
    report = await light.take(path)
    assert outcomes(report) == {"new": 1}
    [problem] = report.problems
    assert str(path) in str(problem)
    assert "1,000 are kept" in str(problem)
