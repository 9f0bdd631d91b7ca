"""`paperround subscribers`: what each command does, says and returns."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.notifier.test_cli import Place, a_place

DIGESTS = """
  morning:
    schedule: every day at 07:30
    timezone: subscriber
    topics: {sport: {select: {sections: sport}}, arts: {select: {sections: arts}}}
    choices: {schedules: every sunday at 09:00, hours: any}
  flash: {schedule: at once, choices: {}}
"""
FIRST, NEW = "first@readers.example", "new@readers.example"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_tables: Path) -> Place:
    store = tmp_path / "store.db"
    store.write_bytes(sqlite_tables.read_bytes())
    return a_place(tmp_path, monkeypatch, f"sqlite:///{store}", digests=DIGESTS)


def digests_of(place: Place, email: str) -> dict[str, dict[str, Any]]:
    shown = place.run("subscribers", "show", email, "--json")
    assert shown.code == 0, shown.err
    told = shown.data["digests"]
    assert isinstance(told, list)
    return {one["digest"]: one for one in told}


def test_a_reader_is_added_chooses_and_takes_it_back(place: Place) -> None:
    choices = ("--timezone", "Asia/Tokyo", "--word", "ferry", "--schedule", "every day at 06:00")
    added = place.run("subscribers", "add", NEW, "--digest", "morning:sport", *choices, "--json")
    assert (added.code, added.data["changed"]) == (0, True)
    one = digests_of(place, NEW)["morning"]
    told = (one["state"], one["schedule"], one["timezone"], one["topics"], one["words"])
    assert told == ("active", "every day at 06:00", "Asia/Tokyo", ["sport"], ["ferry"])
    assert one["next"].endswith("T06:00 Asia/Tokyo")
    again = place.run("subscribers", "add", NEW, "--digest", "morning:sport", *choices)
    assert again.out.startswith("nothing has changed:\n")
    for asked in (("--default", "schedule"), ("--digest", "morning:*"), ("--word", "")):
        assert place.run("subscribers", "set", NEW, *asked).code == 0
    one = digests_of(place, NEW)["morning"]
    assert (one["schedule"], one["topics"], one["words"]) == ("every day at 07:30", [], [])


def test_a_pause_ends_by_itself_or_by_word(place: Place) -> None:
    assert place.run("subscribers", "set", FIRST, "--pause-until", "2999-01-01").code == 0
    one = digests_of(place, FIRST)["morning"]
    assert (one["state"], one["pause_until"]) == ("paused", "2999-01-01")
    assert one["next"] == "2999-01-01T07:30 Europe/Paris"
    resumed = place.run("subscribers", "set", FIRST, "--resume")
    assert "chosen: pause_until none" in resumed.out
    assert digests_of(place, FIRST)["morning"]["state"] == "active"


def test_who_is_removed_stays_gone_until_they_ask(place: Place) -> None:
    left = place.run("subscribers", "remove", FIRST, "--digest", "morning", "--json")
    assert left.data == {"email": FIRST, "left": ["morning"], "erased": False}
    assert place.run("subscribers", "remove", FIRST).out == f"{FIRST} nothing has changed\n"
    refused = place.run("subscribers", "add", FIRST, "--digest", "morning")
    assert (refused.code, "left `morning` on" in refused.err) == (1, True)
    assert place.run("subscribers", "set", FIRST, "--language", "de").code == 0
    assert digests_of(place, FIRST)["morning"]["state"] == "left"
    assert place.run("subscribers", "add", FIRST, "--digest", "morning", "--return").code == 0
    assert digests_of(place, FIRST)["morning"]["state"] == "active"


def test_erasing_forgets_who_is_not_declared(place: Place) -> None:
    place.run("subscribers", "add", NEW, "--digest", "flash")
    assert place.run("subscribers", "remove", NEW, "--erase").out == f"{NEW} is erased\n"
    assert place.run("subscribers", "show", NEW).code == 1
    refused = place.run("subscribers", "remove", FIRST, "--erase")
    assert (refused.code, "take them out of it first" in refused.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "nobody", "--digest", "flash"), "`nobody` is not an e-mail address"),
        (("add", NEW), "Missing option '--digest'"),
        (("add", NEW, "--digest", "flsh"), "there is no digest `flsh` (did you mean `flash`?)"),
        (("add", NEW, "--digest", "morning:sprot"), "has no topic `sprot` (did you mean `sport`?)"),
        (("add", NEW, "--digest", "flash", "--digest", "flash:x"), "stands here twice"),
        (("set", FIRST, "--timezone", "Tokyo"), "did you mean `Asia/Tokyo`?"),
        (("set", FIRST, "--language", "german"), "did you mean `de`?"),
        (
            ("set", FIRST, "--schedule", "every hour"),
            "does not offer `every hour` (offered: `every",
        ),
        (("set", FIRST, "--pause-until", "soon"), "`soon` is not a date"),
        (("set", FIRST), "there is nothing to set"),
        (("set", FIRST, "--resume", "--pause-until", "2999-01-01"), "contradict"),
        (("list", "--digest", "flsh"), "did you mean `flash`?"),
        (("list", "--csv", "--json"), "take one"),
        (("export", "--json"), "--to FILE"),
        (("remove", FIRST, "--erase", "--digest", "flash"), "of the whole reader"),
    ],
)
def test_wrong_usage_is_told_and_changes_nothing(
    place: Place, arguments: tuple[str, ...], says: str
) -> None:
    done = place.run("subscribers", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in " ".join(done.err.split())


@pytest.mark.parametrize("arguments", [("set", NEW, "--name", "New"), ("show", NEW)])
def test_nobody_is_told(place: Place, arguments: tuple[str, ...]) -> None:
    done = place.run("subscribers", *arguments)
    assert (done.code, done.err) == (1, f"paperround: there is no reader {NEW}\n")


CSV = f"""\
email,name,digests,topics,words,schedule,pause_until
{NEW},"Reader, New",morning,sport arts,ferry;river crossing,every day at 18:00,
{NEW},,flash,,,,2999-01-01
bad.address,,flash,,,,
ben@readers.example,,morning,,,every hour,
ben@readers.example,,flash,,,,
Ben@readers.example,,flash,,,,
{FIRST},,morning,,,,
"""


def test_a_file_is_imported_and_every_bad_line_is_told(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text(CSV, encoding="utf-8")
    done = place.run("subscribers", "import", path, "--json")
    counts = {name: done.data[name] for name in ("added", "changed", "unchanged", "refused")}
    assert counts == {"added": 2, "changed": 1, "unchanged": 1, "refused": 3}
    problems = done.data["problems"]
    assert isinstance(problems, list)
    assert [(one["line"], one["column"]) for one in problems] == [(4, 1), (5, 32), (7, 1)]
    assert done.code == 1
    assert f"{path}:4:1: `bad.address` is not an e-mail address" in done.err
    assert f"the first is in {path}:6" in done.err
    assert digests_of(place, NEW)["flash"]["state"] == "paused"
    again = place.run("subscribers", "import", path)
    assert again.out == "0 added, 0 changed, 4 unchanged, 3 refused\n"


def test_who_left_is_told_and_comes_back_by_word_only(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text(f"email,digests\n{FIRST},morning\n", encoding="utf-8")
    place.run("subscribers", "remove", FIRST)
    refused = place.run("subscribers", "import", path)
    assert (refused.code, refused.out) == (1, "0 added, 0 changed, 0 unchanged, 1 refused\n")
    assert f"{path}:2:1: {FIRST} left `morning` on" in refused.err
    assert place.run("subscribers", "import", "--return", path).code == 0


def test_an_export_goes_into_another_store_and_comes_out_the_same(
    place: Place, tmp_path: Path
) -> None:
    path, file = tmp_path / "readers.csv", tmp_path / "out.csv"
    path.write_text(CSV, encoding="utf-8")
    place.run("subscribers", "import", path)
    done = place.run("subscribers", "export", "--to", file, "--json")
    assert done.data == {"readers": 3, "rows": 4, "path": str(file)}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text(encoding="utf-8")
    assert place.run("subscribers", "export").out == text
    unchanged = place.run("subscribers", "import", file)
    assert unchanged.out == "0 added, 0 changed, 4 unchanged, 0 refused\n"


def test_the_list_comes_in_pages_and_in_three_shapes(place: Place) -> None:
    for number in range(3):
        place.run("subscribers", "add", f"r{number}@readers.example", "--digest", "flash")
    lines = place.run("subscribers", "list").out.splitlines()
    assert lines[0].split()[:3] == [FIRST, "morning", "active"]
    assert len(lines) == 4
    data = place.run("subscribers", "list", "--json", "--limit", "2").data
    assert data["next"] == "r0@readers.example"
    rest = place.run("subscribers", "list", "--json", "--after", str(data["next"])).data
    found = rest["subscribers"]
    assert isinstance(found, list)
    assert ([one["email"] for one in found], rest["next"]) == (
        ["r1@readers.example", "r2@readers.example"],
        None,
    )
    printed = place.run("subscribers", "list", "--csv", "--digest", "flash").out
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [(row["email"][:2], row["state"]) for row in rows] == [
        (f"r{number}", "active") for number in range(3)
    ]


def test_an_empty_list_is_an_empty_object(place: Place) -> None:
    place.run("subscribers", "remove", FIRST)
    assert place.run("subscribers", "list", "--json", "--digest", "flash").data == {
        "subscribers": [],
        "next": None,
    }
