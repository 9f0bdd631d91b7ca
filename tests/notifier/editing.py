"""An operator who edits at random: every good edit changes something, every broken one is refused.

What is meant to be in use is `Wanted`; the files are written from it. A broken edit spoils one of
them, and the next good one writes that anew.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

STEADY = [f"reader{number:02}@readers.example" for number in range(12)]  # nobody edits these
MOVED = [f"moved{number:02}@readers.example" for number in range(8)]  # their language changes
OTHERS = [f"other{number:02}@readers.example" for number in range(6)]  # they get another digest
COMING = [f"coming{number:02}@readers.example" for number in range(6)]  # they come and go
TOKEN = "a-token-of-the-tests"
SCHEDULES = ("every minute", "every 2 minutes", "every 5 minutes", "every 10 minutes")

SPOILED_YAML = (
    "feeds: {f1: {title: Everything}\n",  # not YAML
    "feeds: {f1: {titel: Everything}}\n",
    "feeds: [f1\n",
    "digests: {other: {title: Other, schedule: every blue moon}}\n",
    "digests: {other: {title: Other, schedule: every day at 09:00, template: missing}}\n",
    "digests: {another: {title: Other, schedule: every hour}}\n",  # readers want `other`
    "\x00",
    "",
)
SPOILED_CSV = (
    "email,digest\nreader00@readers.example,steady\n",
    "email,digests\nreader00@readers.example,unsteady\n",
    "email,digests\nnobody,steady\n",
    'email,digests\n"reader00@readers.example,steady\n',
)


@dataclass
class Wanted:
    """What is to be in use; `feeds` leads from a name to the one that it had before."""

    port: int
    feeds: dict[str, str] = field(default_factory=lambda: {"f1": "was1", "f2": "was2"})
    schedule: str = SCHEDULES[0]
    connections: int = 3
    languages: dict[str, str] = field(default_factory=lambda: dict.fromkeys(MOVED, ""))
    come: set[str] = field(default_factory=set)
    words: int = 0

    def yaml(self) -> str:
        feeds = (
            f"  {name}: {{title: Feed {name}{f', was: [{was}]' if was else ''}}}\n"
            for name, was in self.feeds.items()
        )
        return (
            "feeds:\n" + "".join(feeds) + "mail:\n  from: news@example.org\n"
            f"  transport: smtp://127.0.0.1:{self.port}\n  connections: {self.connections}\n"
            f"digests: {{other: {{title: Other, schedule: {self.schedule}, late: 30m}}}}\n"
        )

    def csv(self) -> str:
        steady = [(one, self.languages.get(one, "")) for one in (*STEADY, *MOVED)]
        other = [*OTHERS, *sorted(self.come)]
        return (
            "email,digests,language\n"
            + "".join(f"{one},steady,{language}\n" for one, language in steady)
            + "".join(f"{one},other,\n" for one in other)
        )

    def template(self) -> str | None:
        """Ours is used half of the time: the operator's own takes longer to try."""
        if not self.words % 2:
            return None
        titles = "{% for article in articles %}{{ article.title }}\n{% endfor %}"
        return f"Words number {self.words}.\n{titles}\n{{{{ reader.unsubscribe_url }}}}\n"


class Desk:
    """The operator of the configuration in `folder`, whose `chance` decides."""

    def __init__(self, folder: Path, port: int, chance: random.Random) -> None:
        self.wanted = Wanted(port)
        self._folder = folder
        self._chance = chance
        self._number = 0
        self._spoiled = ""
        self._written: dict[str, Callable[[], str | None]] = {
            "edited.yaml": self.wanted.yaml,
            "readers.csv": self.wanted.csv,
            "templates/digest.txt": self.wanted.template,
            "token.txt": lambda: TOKEN,
        }
        (folder / "templates").mkdir()
        for name in self._written:
            self._write(name, self._renamed_over)

    def plan(self, edits: int) -> Iterator[Callable[[], str]]:
        """Yield so many edits, a broken one and a good one in turn; each says what it did."""
        kinds = []
        for some in (self._broken(), self._good()):
            all_of_it = list(some)
            found = [all_of_it[number % len(all_of_it)] for number in range(edits // 2)]
            self._chance.shuffle(found)
            kinds.append(found)
        for both in zip(*kinds, strict=True):
            yield from both

    def is_broken(self) -> bool:
        """Whether what stands in the files is to be refused."""
        return bool(self._spoiled)

    def _good(self) -> Iterator[Callable[[], str]]:
        for change in (
            self._rename_a_feed,
            self._add_or_remove_a_reader,
            self._move_a_reader,
            self._change_the_schedule,
            self._change_the_way_out,
            self._change_the_words,
        ):
            for put in (self._in_halves, self._renamed_over, self._linked, self._put_back):
                yield self._edit(change, put)

    def _edit(
        self, change: Callable[[], str], put: Callable[[Path, str], str]
    ) -> Callable[[], str]:
        def edit() -> str:
            name = change()
            if self._spoiled != name:
                self._write(self._spoiled, self._renamed_over)
            self._spoiled = ""
            return f"{change.__name__}, {self._write(name, put)}"

        return edit

    def _write(self, name: str, put: Callable[[Path, str], str]) -> str:
        """Let a file be as it is wanted; say how."""
        text = self._written[name]()
        if text is not None:
            return put(self._folder / name, text)
        (self._folder / name).unlink(missing_ok=True)
        return "taken away"

    def _broken(self) -> Iterator[Callable[[], str]]:
        for text in SPOILED_YAML:
            yield self._spoil("edited.yaml", text, "in other words")
        for text in SPOILED_CSV:
            yield self._spoil("readers.csv", text, "in other words")
        yield self._spoil("templates/digest.txt", "{% if", "in other words")
        half = "feeds:\n  f1: {title: Every"
        yield self._spoil("edited.yaml", half, "in its first half")
        for name in ("edited.yaml", "readers.csv", "token.txt"):
            yield self._spoil(name, None, "gone")
            yield self._spoil(name, None, "a link to nothing")

    def _spoil(self, name: str, text: str | None, how: str) -> Callable[[], str]:
        def spoil() -> str:
            file = self._folder / name
            self._spoiled = name
            if text is not None:
                self._renamed_over(file, text)
            else:
                file.unlink(missing_ok=True)
                if how != "gone":
                    file.symlink_to("..nothing")
            return f"{name} {how}"

        return spoil

    def _rename_a_feed(self) -> str:
        old = self._chance.choice(list(self.wanted.feeds))
        del self.wanted.feeds[old]
        self._number += 1
        self.wanted.feeds[f"renamed{self._number}"] = old
        return "edited.yaml"

    def _add_or_remove_a_reader(self) -> str:
        self.wanted.come ^= {self._chance.choice(COMING)}
        return "readers.csv"

    def _move_a_reader(self) -> str:
        who = self._chance.choice(MOVED)
        others = [one for one in ("", "de", "fr") if one != self.wanted.languages[who]]
        self.wanted.languages[who] = self._chance.choice(others)
        return "readers.csv"

    def _change_the_schedule(self) -> str:
        others = [one for one in SCHEDULES if one != self.wanted.schedule]
        self.wanted.schedule = self._chance.choice(others)
        return "edited.yaml"

    def _change_the_way_out(self) -> str:
        self.wanted.connections = 5 - self.wanted.connections  # 2 or 3
        return "edited.yaml"

    def _change_the_words(self) -> str:
        self.wanted.words += 1
        return "templates/digest.txt"

    def _in_halves(self, file: Path, text: str) -> str:
        file.unlink(missing_ok=True)  # a link would be written through
        with file.open("w", encoding="utf-8") as stream:
            stream.write(text[: len(text) // 2])
            stream.flush()
            stream.write(text[len(text) // 2 :])
        return "in halves"

    def _renamed_over(self, file: Path, text: str) -> str:
        beside = self._beside(text)
        beside.replace(file)
        return "renamed over"

    def _linked(self, file: Path, text: str) -> str:
        """As Kubernetes does."""
        beside, link = self._beside(text), self._folder / "..link"
        link.symlink_to(beside)
        link.replace(file)
        return "by a link"

    def _put_back(self, file: Path, text: str) -> str:
        file.unlink(missing_ok=True)
        file.write_text(text, encoding="utf-8")
        return "put back"

    def _beside(self, text: str) -> Path:
        self._number += 1
        beside = self._folder / f"..{self._number}"
        beside.write_text(text, encoding="utf-8")
        return beside
