"""The log has one form, whoever writes to it, and neither addresses nor secrets are in it."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.kit import logs

PASSWORD = "a horse, a battery"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    found = io.StringIO()
    logs.set_up(found, "json", [PASSWORD])
    yield found
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_object_with_its_fields(stream: io.StringIO) -> None:
    logs.logger().info("issue.opened", digest="morning", readers=3, outcomes={"new": 2})
    [line] = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "issue.opened",
        "level": "info",
        "logger": "paperround",
        "digest": "morning",
        "readers": 3,
        "outcomes": {"new": 2},
    }


def test_for_people_it_is_one_readable_line(stream: io.StringIO) -> None:
    logs.set_up(stream, "auto")
    logs.set_up(stream, "console")
    logs.logger().info("issue.opened", digest="morning", readers=3)
    [line] = stream.getvalue().splitlines()
    assert "issue.opened" in line
    assert line.endswith("digest=morning readers=3")


@pytest.mark.parametrize("name", ["uvicorn.error", "apscheduler", "alembic", "aiosmtplib"])
def test_libraries_go_through_the_same_pipe(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("a step")
    logging.getLogger(name).error("refused <%s>", "first.reader@mail.readers.example")
    [line] = lines(stream)
    assert line["event"] == "refused <f***@mail.readers.example>"
    assert (line["logger"], line["level"]) == (name, "error")


def test_warnings_of_python_come_the_same_way(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", stacklevel=1)
    assert lines(stream)[0]["logger"] == "py.warnings"


def test_addresses_and_secrets_are_masked_wherever_they_stand(stream: io.StringIO) -> None:
    log = logs.logger()
    log.warning(
        "x.y",
        problem="to First@readers.example; smtp://news:pw@mail.example.org refused",
        link="https://news.example.org/u/AbC-9_x.q and /my/zzz.rss?x",
        inside={"second@readers.example": ["third@xn--bcher-kva.example"]},
        password="short",
        api_token=("a", "b"),
    )
    log.error("x.z", exc_info=ValueError(f"{PASSWORD} of fourth@readers.example"))
    text = stream.getvalue()
    for hidden in ("irst@", "econd@", "hird@", "ourth@", ":pw", "AbC", "zzz", "short", PASSWORD):
        assert hidden not in text, hidden
    first, second = lines(stream)
    assert first["problem"] == "to F***@readers.example; smtp://***@mail.example.org refused"
    assert first["inside"] == {"s***@readers.example": ["t***@xn--bcher-kva.example"]}
    assert (first["password"], first["api_token"]) == ("***", "***")
    assert "ValueError: *** of f***@readers.example" in second["exception"]


@given(st.text(), st.text(alphabet="ab@.<> \n\r\x0c\x1b\x1e\x85\u2028/:", max_size=40))
@example("\x85", "")
def test_no_text_makes_a_line_of_its_own_or_keeps_an_address(before: str, after: str) -> None:
    shown = logs.Mask()(None, "", {"event": f"{before} reader@readers.example {after}"})["event"]
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    assert "reader@readers" not in shown
