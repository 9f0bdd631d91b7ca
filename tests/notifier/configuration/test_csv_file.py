"""Subscribers as CSV are the same as in YAML."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.schedule.language import parse_schedule
from notifier.subscriber import Choice, Declaration
from tests.notifier.configuration.builders import read, settings, told, write

SAVE = "save it as CSV with commas, in UTF-8"
DIGESTS = """
digests:
  morning: {schedule: at once, timezone: subscriber,
    topics: {sport: {select: {tags: sport}}, arts: {select: {tags: a}}}}
  weekly: {schedule: every sunday at 09:00}
subscribers_file: lists/readers.csv
"""


def _csv(folder: Path, text: str) -> Path:
    return write(folder, {"lists/readers.csv": text})


def test_a_row_is_a_subscriber(tmp_path: Path) -> None:
    text = (
        "\ufeffEmail,name,digests,timezone,language,topics,schedule\r\n"
        "a@readers.example,First Reader,morning,Asia/Tokyo,ja,,\r\n"
        "\r\n"
        'b@readers.example,"Reader, Second",morning;weekly,,,sport arts,every day at 08:00\r\n'
        "c@readers.example,,weekly\r\n"
    )
    found = settings(_csv(tmp_path, text), x=DIGESTS).subscribers
    schedule = parse_schedule("every day at 08:00")
    assert found == (
        Declaration(
            email="a@readers.example",
            name="First Reader",
            timezone="Asia/Tokyo",
            language="ja",
            digests={"morning": Choice()},
        ),
        Declaration(
            email="b@readers.example",
            name="Reader, Second",
            digests={
                "morning": Choice(topics=("sport", "arts"), schedule=schedule),
                "weekly": Choice(schedule=schedule),
            },
        ),
        Declaration(email="c@readers.example", digests={"weekly": Choice()}),
    )


def test_mistakes_are_told_with_line_and_column(tmp_path: Path) -> None:
    text = (
        "email,digests,timezone,topics,schedule\n"
        "a.readers.example,morning\n"
        "b@readers.example,mornin,Tokyo,,every sundy at 09:00\n"
        '"c@readers.example",morning,"Tokyo"\n'
        "d@readers.example,morning,,sprot\n"
        "d@readers.example,weekly,,sport\n"
        "e@readers.example,weekly,,,,,\n"
        "f@readers.example\n"
    )
    assert [line.partition(" |")[0] for line in told(read(_csv(tmp_path, text), x=DIGESTS))] == [
        "readers.csv:2:1: `a.readers.example` is not an e-mail address",
        "readers.csv:3:19: there is no digest `mornin`",
        "readers.csv:3:26: `Tokyo` is not a time zone",
        "readers.csv:3:39: “sundy” is not a day: allowed are day, weekday, weekend and "
        "monday to sunday",
        "readers.csv:4:1: `Tokyo` is not a time zone",
        "readers.csv:5:28: no digest here has a topic `sprot`",
        "readers.csv:6:1: `d@readers.example` stands here twice, with other choices; "
        "the first is in readers.csv:5:1",
        "readers.csv:6:27: no digest here has a topic `sport`",
        "readers.csv:7:1: there are more than 5 columns",
        "readers.csv:8:1: warning: this reader gets nothing: there are no `digests`",
    ]


def test_a_reader_in_yaml_and_in_csv_is_told(tmp_path: Path) -> None:
    yaml = DIGESTS + "subscribers: [{email: a@readers.example, digests: [morning, weekly]}]\n"
    loaded = read(_csv(tmp_path, "email,digests\nA@readers.example,weekly\n"), x=yaml)
    assert [line.partition(" |")[0] for line in told(loaded)] == [
        "readers.csv:2:1: `A@readers.example` stands here twice, with other choices; "
        f"the first is in {tmp_path}/x.yaml:7:23"
    ]
    assert loaded.files[-1] == tmp_path / "lists" / "readers.csv"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "readers.csv:1:1: there is no first line with the names of the columns"),
        ("email,digest\n", "readers.csv:1:7: unknown column `digest` | did you mean `digests`?"),
        ("email, mail\n", "readers.csv:1:8: unknown column `mail` | did you mean `email`?"),
        ("name,digests\n", "readers.csv:1:1: the column `email` is missing"),
        ("email,email\n", "readers.csv:1:1: a column stands here twice"),
        (
            "email;name;digests\na@readers.example;A;weekly\n",
            f"readers.csv:1:1: columns are separated by commas here, not by `;` | {SAVE}",
        ),
        (
            "email\tdigests\n",
            f"readers.csv:1:1: columns are separated by commas here, not by a tab | {SAVE}",
        ),
        (
            "email,digests,topics\na@readers.example,dayly morning weekly,cricket\n",
            "readers.csv:2:19: there is no digest `dayly` | known: `morning`, `weekly`",
        ),
        ('email,digests\n"a,weekly\n', "readers.csv:2:1: this line is not CSV; mend its quotes"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, text: str, expected: str) -> None:
    assert told(read(_csv(tmp_path, text), x=DIGESTS)) == [expected]


def test_other_encodings_and_missing_files_are_told(tmp_path: Path) -> None:
    assert told(read(tmp_path, x=DIGESTS)) == ["x.yaml:6:19: there is no such file"]
    (_csv(tmp_path, "") / "lists" / "readers.csv").write_bytes(b"email\na\nb\xe9@readers.example\n")
    assert told(read(tmp_path, x=DIGESTS)) == [
        f"readers.csv:3: the byte 0xE9 is not UTF-8 | {SAVE}"
    ]


def test_references_are_not_looked_for_in_csv(tmp_path: Path) -> None:
    text = "email,name,digests\na@readers.example,${HOME},weekly morning\n"
    found = settings(_csv(tmp_path, text), environ={"HOME": "/root"}, x=DIGESTS)
    assert found.subscribers[0].name == "${HOME}"


def test_zones_by_which_nothing_goes_are_told_once(tmp_path: Path) -> None:
    text = "email,digests,timezone\n" + "".join(
        f"{name}@readers.example,{digests},Asia/Tokyo\n"
        for name, digests in {"a": "morning", "b": "weekly", "c": "weekly", "d": "all"}.items()
    )
    loaded = read(_csv(tmp_path, text.replace(",all,", ",morning weekly,")), x=DIGESTS)
    assert told(loaded) == [
        "readers.csv:3:26: warning: this reader's `timezone` changes nothing, nor that of 1 more"
        " | only a digest with `timezone: subscriber` goes by it: none that they get has that"
    ]
