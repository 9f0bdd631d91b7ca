"""The sample configuration that is shipped: it loads, and says what its comments say."""

from __future__ import annotations

from pathlib import Path

import feeds
from feeds import ForEach, Kind, Query
from notifier.configuration import load
from notifier.digest.spec import SUBSCRIBER_ZONE
from notifier.schedule.language import parse_schedule
from notifier.settings import Maildir

ROOT = Path(feeds.__file__).parent.parent


def test_the_sample_loads_without_a_word() -> None:
    loaded = load(ROOT / "config", {})
    assert [str(problem) for problem in loaded.problems] == []
    found = loaded.settings_or_raise()
    assert found.store == f"sqlite:///{ROOT / 'data' / 'paperround.db'}"
    assert [source.folder for source in found.sources] == [ROOT / "seeds"]
    assert [feed.name for feed in found.feeds] == [
        "all",
        "regions",
        "sport",
        "culture",
        "ferries",
    ]
    assert found.feeds[4].select == Query(words=("ferry", "river crossing"))
    assert found.for_each == (ForEach(kind=Kind.SECTION),)
    assert found.mail is not None
    assert found.mail.transport == Maildir(path=ROOT / "data" / "mail")
    assert loaded.files == tuple(
        ROOT / "config" / name for name in ("digests.yaml", "paperround.yaml", "subscribers.yaml")
    )


def test_the_sample_s_digests_and_readers_are_what_they_look_like() -> None:
    found = load(ROOT / "config", {}).settings_or_raise()
    morning, weekly = found.digests
    assert morning.schedule == parse_schedule("every weekday at 07:30")
    assert morning.timezone == SUBSCRIBER_ZONE
    assert list(morning.topics) == ["regions", "sport", "culture"]
    assert weekly.timezone == "Europe/Paris"
    regions, _, culture = (feed.select for feed in found.feeds[1:4])
    assert weekly.select == Query(any=(regions, culture))
    zones = [reader.timezone for reader in found.subscribers]
    assert zones == ["Asia/Tokyo", "", "", "Pacific/Honolulu"]
