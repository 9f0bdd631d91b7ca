"""Subscribers that are plainly right take a shorter way; where it leads is the same."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from notifier.configuration.files import Item, SourceFile
from notifier.configuration.plain_readers import PlainReaders
from notifier.configuration.problems import Report
from notifier.configuration.readers import Readers
from notifier.configuration.sections import Unread
from notifier.digest.choices import Choices
from notifier.schedule.language import parse_schedule
from notifier.subscriber import Choice, Declaration
from tests.laws import law
from tests.notifier.builders import a_digest

TOPICS = {"morning": ("sport", "culture"), "weekly": ()}
CONFINED = {"weekly": a_digest("weekly", choices=Choices(schedules=(parse_schedule("at once"),)))}

odd = st.sampled_from([None, "", 0, 7, True, "x", [], {}, ["sport"], {"a": "b"}, "a\nb"])
topics = st.lists(st.sampled_from(["sport", "culture", "sprot", " sport"]), max_size=3) | odd
schedules = st.sampled_from(["at once", "every day at 08:00", "every dya"]) | odd
words = st.lists(st.sampled_from(["ferry", "river crossing", " x ", "!"]), max_size=2) | odd
days = st.sampled_from(["2027-01-10", "2027-1-10", "2027-02-30", "soon"]) | odd
optional = {"topics": topics, "schedule": schedules, "words": words, "pause_until": days}
choices = st.fixed_dictionaries({}, optional=optional) | odd
names = st.sampled_from(["morning", "weekly", "mornin"])
values = st.fixed_dictionaries(
    {
        "email": st.sampled_from(["a@readers.example", " B@readers.example ", "nobody"]) | odd,
        "digests": names
        | st.lists(names | odd, max_size=3)
        | st.dictionaries(names, choices)
        | odd,
    },
    optional={
        "name": st.sampled_from(["First Reader", " First "]) | odd,
        "timezone": st.sampled_from(["Asia/Tokyo", "Asia/Tokio"]) | odd,
        "language": st.sampled_from(["ja", "pt-BR", "japanese!"]) | odd,
        "zone": st.just("UTC"),
        "pause_until": days,
    },
)


def _thorough(value: object) -> tuple[list[Declaration], Report]:
    report = Report()
    file = SourceFile(Path("x.yaml"), 1, "", has_references=True)
    readers = Readers(TOPICS, Unread(), environ={}, report=report, confined=CONFINED)
    readers.add([Item(file, (), value)])
    return readers.found, report


@given(values)
@law(80)
def test_what_is_plainly_right_is_what_the_thorough_check_makes_of_it(value: object) -> None:
    plain = PlainReaders(TOPICS, CONFINED).read(value)
    if plain is not None:
        found, report = _thorough(value)
        assert report.problems() == ()
        assert found == [plain]


def test_the_usual_readers_are_plain() -> None:
    read = PlainReaders(TOPICS).read
    assert read({"email": "a@readers.example", "digests": "weekly"}) == Declaration(
        email="a@readers.example", digests={"weekly": Choice()}
    )
    for digests in (["morning", "weekly"], {"morning": {"topics": ["sport"]}, "weekly": None}):
        assert read({"email": "a@readers.example", "name": "A", "digests": digests}) is not None
    assert read({"email": "a@readers.example", "digests": ["mornin"]}) is None
