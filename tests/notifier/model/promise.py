"""What readers are promised, said as simply as it can be: the model of the service.

A *story* is one arrival of an article: an article that is published again is another story. For
each reader, digest and story there is one word:

- NEVER: the digest must not give this story to this reader. It had arrived before the reader's
  first issue reaches back, or what the reader has chosen does not admit it.
- SURELY: the reader gets it in the end. It arrived while the reader was subscribed, what the reader
  has chosen admitted it from then on, and it was never withdrawn.
- PERHAPS: either is right. The reader changed the choice, left, or came back; the story was
  withdrawn or published again before it was given; the relay refused this digest's message with it
  for good, or never said of one whether it took it. What one digest does not give, because its
  message was refused or its reader gave it up, takes nothing from what another has promised.

And over all digests of a reader: a story comes at most once, and exactly once where one of them has
it as SURELY. Schedules, zones, slots, crashes, outages and clocks do not occur in here, for they
decide when a story comes and in which company, and never whether.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime


class Promise(enum.Enum):
    """What is promised of one story to one reader of one digest."""

    NEVER = "never"
    PERHAPS = "perhaps"
    SURELY = "surely"


@dataclass(frozen=True)
class Story:
    """One arrival of an article, as far as a choice can tell stories apart."""

    name: str
    section: str
    about_rivers: bool


@dataclass(frozen=True)
class Wish:
    """What a reader takes of a digest: the sections it has, and of them the chosen part."""

    sections: frozenset[str]
    topics: frozenset[str] = frozenset()
    rivers: bool = False

    def admits(self, story: Story) -> bool:
        """Tell whether the story is among what is wished for."""
        if story.section not in self.sections:
            return False
        if not (self.topics or self.rivers):
            return True
        return story.section in self.topics or (self.rivers and story.about_rivers)


Place = tuple[str, str]  # reader and digest


@dataclass
class Promises:
    """The word of each reader, digest and story; and which wishes are in force."""

    wishes: dict[Place, Wish] = field(default_factory=dict)
    given_up: set[Place] = field(default_factory=set)
    arrived: dict[Story, datetime] = field(default_factory=dict)
    taken_back: set[Story] = field(default_factory=set)
    words: dict[tuple[Place, Story], Promise] = field(default_factory=dict)

    def word(self, place: Place, story: Story) -> Promise:
        """Return what is promised."""
        return self.words.get((place, story), Promise.NEVER)

    def is_subscribed(self, place: Place) -> bool:
        """Tell whether a reader gets a digest as things stand."""
        return place in self.wishes and place not in self.given_up

    def subscribe(self, place: Place, wish: Wish, since: datetime) -> None:
        """A reader comes for the first time: the first issue reaches back to `since`."""
        self.wishes[place] = wish
        for story, at in self.arrived.items():
            if at > since and wish.admits(story):
                known = story in self.taken_back
                self.words[place, story] = Promise.PERHAPS if known else Promise.SURELY

    def change(self, place: Place, wish: Wish) -> None:
        """A reader takes something else of the digest from now on."""
        before = self.wishes[place]
        self.wishes[place] = wish
        for story in self.arrived:
            if before.admits(story) and not wish.admits(story):
                self._give_up(place, story)
            elif wish.admits(story) and not before.admits(story):
                self._perhaps(place, story)

    def leave(self, place: Place) -> None:
        """A reader is not subscribed any more."""
        self.given_up.add(place)
        for story in self.arrived:
            self._give_up(place, story)

    def come_back(self, place: Place) -> None:
        """A reader is subscribed again; of what came meanwhile they may get some."""
        self.given_up.discard(place)
        for story in self.arrived:
            if self.wishes[place].admits(story):
                self._perhaps(place, story)

    def arrive(self, story: Story, at: datetime) -> None:
        """A story can be seen from now on."""
        self.arrived[story] = at
        for place, wish in self.wishes.items():
            if self.is_subscribed(place) and wish.admits(story):
                self.words[place, story] = Promise.SURELY

    def withdraw(self, story: Story) -> None:
        """A story is taken back, or another arrival of the same article takes its place."""
        self.taken_back.add(story)
        for place in self.wishes:
            if self.word(place, story) is Promise.SURELY:
                self._perhaps(place, story)

    def lose(self, place: Place, stories: Iterable[Story]) -> None:
        """The relay refused a message of a digest to a reader for good."""
        for story in stories:
            if self.word(place, story) is Promise.SURELY:
                self._perhaps(place, story)

    def doubt(self, reader: str, stories: Iterable[Story]) -> None:
        """Nobody will ever know whether a message to `reader` was taken."""
        for place in self.wishes:
            if place[0] == reader:
                self.lose(place, stories)

    def owed(self, reader: str) -> set[Story]:
        """Return what the reader gets surely."""
        return {
            story
            for (place, story), word in self.words.items()
            if place[0] == reader and word is Promise.SURELY
        }

    def _perhaps(self, place: Place, story: Story) -> None:
        self.words[place, story] = Promise.PERHAPS

    def _give_up(self, place: Place, story: Story) -> None:
        if self.word(place, story) is not Promise.NEVER:
            self._perhaps(place, story)
