"""What is put on the shelf, and what stands there. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from feeds.feed import Format, Rendering


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a document without its bytes; `serial` grows with every real change.

    `pace` is the time between two changes in seconds, on average of late; 0 while it is unknown.
    """

    feed: str
    format: Format
    etag: str
    modified: datetime
    serial: int
    pace: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Standing):
    """One feed in one format as it stands on the shelf."""

    body: bytes

    @property
    def standing(self) -> Standing:
        """What is known of it, without the bytes."""
        return Standing(
            feed=self.feed,
            format=self.format,
            etag=self.etag,
            modified=self.modified,
            serial=self.serial,
            pace=self.pace,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An earlier version of a document: its readers have seen everything up to `change`."""

    etag: str
    change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A feed in all its formats, up to the change `upto`, as the rendering key `key` says."""

    feed: str
    renderings: tuple[Rendering, ...]
    upto: int
    key: str
