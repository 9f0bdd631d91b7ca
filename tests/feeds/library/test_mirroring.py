"""A static tree for any web server: whole files, rising times, nobody else's files touched."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import brotli
import pytest

from feeds import Article
from feeds.errors import FeedsError
from feeds.kit.database import Database
from feeds.library import Press, mirror, publish
from feeds.publish import DirectoryShelf, Mirrored
from feeds.render import Kept
from tests.conftest import NOW
from tests.feeds.builders import a_feed, a_site
from tests.feeds.builders import an_article as an_article_with
from tests.feeds.library.builders import a_press, standing

HOUR = timedelta(hours=1)


def an_article(name: str, **fields: object) -> Article:
    return an_article_with(**({"id": name, "path": "", "title": name, "text": name} | fields))


@pytest.fixture
def press(sqlite: Database) -> Press:
    return a_press(sqlite, a_feed(), a_feed(name="other", title="Other"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "site"


async def mirrored(press: Press, tree: Path, *articles: Article, hours: int = 0) -> Mirrored:
    now = NOW + hours * HOUR
    await press.store.ingest(articles, now)
    await publish(press, now)
    return await mirror(press, DirectoryShelf(tree))


def files(tree: Path) -> dict[str, bytes]:
    """Everything in the tree that is neither hidden nor a compressed form of another file."""
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.suffix not in {".gz", ".br"}
    }


def hidden(tree: Path) -> list[str]:
    return [path.name for path in tree.rglob(".*")]


def tamper(tree: Path, listing: str) -> None:
    tree.mkdir()
    (tree / ".paperround.json").write_bytes(listing.encode("latin-1"))


def times(tree: Path) -> dict[str, tuple[int, int]]:
    return {
        name: ((tree / name).stat().st_mtime_ns, (tree / name).stat().st_ino)
        for name in files(tree)
    }


FEED_FILES = [
    f"feeds/{name}.{form}" for name in ("all", "other") for form in ("atom", "json", "rss")
]


async def test_the_tree_has_every_feed_the_landing_page_and_pages_of_articles(
    press: Press, tree: Path
) -> None:
    ours, theirs = an_article("a"), an_article("b", url="https://elsewhere.example/b")
    done = await mirrored(press, tree, ours, theirs)
    found = files(tree)
    page = f"articles/{ours.id}/index.html"
    assert sorted(found) == sorted([*FEED_FILES, "feeds.opml", "index.html", page])
    assert (done.written, done.unchanged, done.removed) == (9, 0, 0)
    assert found["feeds/all.json"] == (await standing(press))["all"].body
    assert b"/feeds/other.rss" in found["index.html"]
    assert ours.title.encode() in found[page]


async def test_a_file_that_did_not_change_is_not_touched(press: Press, tree: Path) -> None:
    await mirrored(press, tree, an_article("a"))
    before = times(tree)
    done = await mirrored(press, tree, hours=1)
    assert (done.written, done.unchanged) == (0, 9)
    assert times(tree) == before


async def test_a_changed_file_has_a_later_time_by_whole_seconds(press: Press, tree: Path) -> None:
    await mirrored(press, tree, an_article("a", text="one"))
    seen = [times(tree)["feeds/all.rss"][0] // 10**9]
    for words in ("two", "three"):  # the clock stands still
        await mirrored(press, tree, an_article("a", text=words))
        seen.append(times(tree)["feeds/all.rss"][0] // 10**9)
    assert seen == sorted(set(seen))
    path = tree / "feeds" / "all.rss"
    ahead = (NOW + 1000 * HOUR).timestamp()
    os.utime(path, (ahead, ahead))  # even though the file claims to be of tomorrow
    await mirrored(press, tree, an_article("a", text="four"))
    assert path.stat().st_mtime > ahead


async def test_what_is_no_longer_there_goes_and_what_others_put_there_stays(
    press: Press, tree: Path
) -> None:
    await mirrored(press, tree, an_article("a"), an_article("b"))
    foreign = tree / "feeds" / "hand-made.rss"
    foreign.write_text("by hand")
    robots = tree / "robots.txt"
    robots.write_text("User-agent: *")
    fewer = replace(press, feeds=(a_feed(),))
    gone = an_article("a", withdrawn=True)
    done = await mirrored(fewer, tree, gone, hours=1)
    assert done.removed == 4
    found = files(tree)
    assert f"articles/{gone.id}/index.html" not in found
    assert not (tree / "articles" / gone.id).exists()
    assert "feeds/other.rss" not in found
    assert foreign.read_text() == "by hand"
    assert robots.exists()


async def test_no_draft_is_left_and_a_page_is_never_half_written(press: Press, tree: Path) -> None:
    await mirrored(press, tree, an_article("a"))
    path = tree / "feeds" / "all.rss"
    with path.open("rb") as reader:  # somebody downloads it
        old = path.read_bytes()
        await mirrored(press, tree, an_article("a", text="other words"), hours=1)
        assert reader.read() == old
    assert path.read_bytes() != old
    assert hidden(tree) == [".paperround.json"]


async def test_a_draft_that_a_crash_left_does_no_harm(press: Press, tree: Path) -> None:
    (tree / "feeds").mkdir(parents=True)
    (tree / "feeds" / ".all.rss.draft").write_text("half")
    await mirrored(press, tree, an_article("a"))
    assert files(tree)["feeds/all.rss"].startswith(b"<?xml")
    assert hidden(tree) == [".paperround.json"]


async def test_another_site_name_reaches_the_pages(press: Press, tree: Path) -> None:
    await mirrored(press, tree, an_article("a"))
    renamed = replace(press, site=a_site(name="Harbour Gazette"))
    done = await mirrored(renamed, tree, hours=1)
    assert done.written == 9
    assert b"Harbour Gazette" in files(tree)["index.html"]


@pytest.mark.parametrize(
    "listing",
    ['{"../outside": ""}', '{"/etc/outside": ""}', '["../outside"]', "{}", "5", '{"x": 1}', "\xff"],
)
async def test_a_manifest_that_was_tampered_with_removes_nothing_outside(
    press: Press, tree: Path, listing: str
) -> None:
    outside = tree.parent / "outside"
    outside.write_text("precious")
    tamper(tree, listing)
    try:
        await mirrored(press, tree, an_article("a"))
    except FeedsError as error:
        assert "leads out of the folder" in str(error)  # noqa: PT017 - either way is right
    assert outside.read_text() == "precious"


@pytest.mark.parametrize("way", ["a file", "below a file"])
async def test_a_folder_that_cannot_be_written_is_one_sentence(
    press: Press, tmp_path: Path, way: str
) -> None:
    (tmp_path / "file").write_text("")
    tree = tmp_path / "file" if way == "a file" else tmp_path / "file" / "below"
    with pytest.raises(FeedsError, match="cannot write to"):
        await mirrored(press, tree, an_article("a"))


async def test_compressed_forms_stand_beside_each_file_and_are_of_the_same_time(
    press: Press, tree: Path
) -> None:
    await mirrored(press, tree, an_article("a", text="long " * 300))
    for name, body in files(tree).items():
        path = tree / name
        coded = [path.with_name(path.name + ending) for ending in (".gz", ".br")]
        if len(body) < 512:
            assert not any(form.exists() for form in coded)
            continue
        assert gzip.decompress(coded[0].read_bytes()) == body
        assert brotli.decompress(coded[1].read_bytes()) == body
        assert {form.stat().st_mtime_ns for form in coded} == {path.stat().st_mtime_ns}


async def test_compressed_forms_change_and_go_with_their_file(press: Press, tree: Path) -> None:
    await mirrored(press, tree, an_article("a", text="long " * 300), an_article("b"))
    page = tree / "articles" / an_article("a").id / "index.html"
    await mirrored(press, tree, an_article("a", text="another " * 300), hours=1)
    for path in (page, tree / "feeds" / "all.rss"):
        assert b"another" in gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes())
    await mirrored(press, tree, an_article("a", withdrawn=True), hours=2)
    assert not page.parent.exists()


async def test_what_a_crash_left_half_done_is_done_again(press: Press, tree: Path) -> None:
    await mirrored(press, tree, an_article("a"))
    form = tree / "feeds" / "all.atom.gz"
    form.write_bytes(b"of a later version, whose file was not written any more")
    done = await mirrored(press, tree, hours=1)
    assert done.written == 1
    assert gzip.decompress(form.read_bytes()) == files(tree)["feeds/all.atom"]


async def test_archives_are_written_once_and_again_when_they_change(
    sqlite: Database, tree: Path
) -> None:
    press = a_press(sqlite, a_feed(items=2))
    await mirrored(press, tree, *[an_article(name) for name in "abcde"])
    archives = sorted(name for name in files(tree) if name.startswith("feeds/all/"))
    assert len(archives) == 6  # two full ones in three formats
    before = times(tree)
    done = await mirrored(press, tree, hours=1)
    assert (done.written, done.removed, times(tree)) == (0, 0, before)
    await mirrored(press, tree, an_article("a", text="mended"), hours=2)
    changed = {name for name, at in times(tree).items() if before[name] != at}
    assert changed & set(archives) == {name for name in archives if "-1." in name}


@pytest.mark.slow
async def test_memory_stays_flat_however_much_is_mirrored(sqlite: Database, tmp_path: Path) -> None:
    words = "The ferry runs again. " * 1000  # 22 kB, three times in archives and once on a page
    press = replace(a_press(sqlite, a_feed(items=5)), kept=Kept(0))
    peaks = []
    for upto in (100, 600):
        done = (await press.store.marks()).arrival
        articles = [an_article(str(n), text=words) for n in range(done, upto)]
        await press.store.ingest(articles, NOW)
        await publish(press, NOW)
        tracemalloc.start()
        await mirror(press, DirectoryShelf(tmp_path / str(upto)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    more = 500 * 4 * len(words)
    assert peaks[1] - peaks[0] < more / 10
