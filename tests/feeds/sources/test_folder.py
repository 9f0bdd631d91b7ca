from __future__ import annotations

import os
from pathlib import Path

import pytest

from feeds.errors import SourceError
from feeds.sources import FileState, read_file, scan, settled
from tests.feeds.sources.builders import PARIS

SECOND = 1_000_000_000


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text", encoding="utf-8")


def found(folder: Path) -> list[str]:
    return [state.relative for state in scan(folder).files]


def test_candidates_come_in_the_order_of_their_names_sub_folders_too(tmp_path: Path) -> None:
    write(tmp_path, "b.md", "a.txt", "sub/deep/c.JSON", "sub/a.html", "z.jsonl", "ü.markdown")
    names = ["a.txt", "b.md", "sub/a.html", "sub/deep/c.JSON", "z.jsonl", "ü.markdown"]
    assert found(tmp_path) == names
    assert scan(tmp_path).problems == ()


def test_what_is_not_an_article_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, ".hidden.md", ".git/a.md", "a.md~", "~$a.md", "#a.md#", "a.md.tmp", "b.md.part")
    write(tmp_path, ".a.md.swp", "picture.jpg", "noending", "a.yaml")
    (tmp_path / "folder.md").mkdir()
    assert found(tmp_path) == []


def test_a_state_tells_size_time_and_inode(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    status = (tmp_path / "a.md").stat()
    expected = FileState("a.md", 4, status.st_mtime_ns, status.st_ino)
    assert scan(tmp_path).files == (expected,)


def test_no_link_is_followed_out_of_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "outside/secret.md", "in/..data/real.md", "in/plain.md")
    inside = tmp_path / "in"
    (inside / "leak.md").symlink_to(tmp_path / "outside/secret.md")
    (inside / "folder").symlink_to(tmp_path / "outside")
    (inside / "loop").symlink_to(inside)
    (inside / "dangling.md").symlink_to(inside / "nowhere.md")
    (inside / "mounted.md").symlink_to("..data/real.md")
    assert found(inside) == ["mounted.md", "plain.md"]
    assert [str(problem) for problem in scan(inside).problems] == [
        f"{inside}/dangling.md: cannot be read: No such file or directory",
        f"{inside}/leak.md: a link that leads out of the folder is not followed",
    ]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    write(tmp_path, "real/a.md")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert found(tmp_path / "link") == ["a.md"]


def test_a_name_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("text", encoding="utf-8")
    result = scan(tmp_path)
    assert result.files == ()
    [problem] = map(str, result.problems)
    assert problem.endswith("caf\\udce9.md: the name of the file is not UTF-8; rename it")


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere", "there is no such folder; create it"), ("a.md", "this is a file, not a folder")],
)
def test_a_folder_that_is_none_is_an_error_that_says_what_to_do(
    tmp_path: Path, name: str, message: str
) -> None:
    write(tmp_path, "a.md")
    with pytest.raises(SourceError, match=message):
        scan(tmp_path / name)


def test_a_file_rests_when_nothing_wrote_to_it_for_a_while() -> None:
    state = FileState("a.md", 4, 100 * SECOND, 1)
    assert not settled(state, 100 * SECOND, None, 2 * SECOND)
    assert not settled(state, 102 * SECOND - 1, state, 2 * SECOND)
    assert settled(state, 102 * SECOND, None, 2 * SECOND)


def test_a_file_from_the_future_rests_when_two_looks_agree() -> None:
    state = FileState("a.md", 4, 100 * SECOND, 1)
    grown = FileState("a.md", 5, 100 * SECOND, 1)
    assert not settled(state, 50 * SECOND, None, 2 * SECOND)
    assert not settled(grown, 50 * SECOND, state, 2 * SECOND)
    assert settled(state, 50 * SECOND, state, 2 * SECOND)


def test_a_file_that_changes_while_it_is_read_gives_nothing_yet(tmp_path: Path) -> None:
    # A file that has no octets when it is looked at, and some when it is read.
    path = tmp_path / "a.md"
    path.symlink_to("/proc/self/status")
    read = read_file(path, relative="a.md", shown="a.md", defaults=PARIS)
    assert read.unsettled
    assert read.documents == ()
    assert read.problems == ()
