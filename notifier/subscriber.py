"""Who receives: readers as declared, and addresses as the roster compares them.

Pure; standard library only. Refuses an address that no mail server could take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import overload

from notifier.schedule.language import Schedule

_LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\\x00-\x20\x7f]{1,64}\Z")
_LABEL = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How one reader wants one digest; nothing chosen means as the digest has it.

    `topics` are among those of the digest; `words` are the reader's own, as in a selection. Nothing
    comes before the local date `pause_until`.
    """

    topics: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    schedule: Schedule | None = None
    pause_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A subscriber as the configuration declares one."""

    email: str
    name: str = ""
    timezone: str = ""
    language: str = ""
    digests: Mapping[str, Choice] = field(default_factory=dict)


class Listed(Sequence[Declaration]):
    """Declared readers of whom the last are in a long list of their own, which has a `name`.

    First those `written` elsewhere. Those in the list are read when somebody asks for them, which
    raises what `read` raises. Another name is another list.
    """

    def __init__(
        self,
        written: Sequence[Declaration],
        name: str,
        read: Callable[[], Sequence[Declaration]],
    ) -> None:
        self.written = written
        self.name = name
        self._read = read
        self._in_list: Sequence[Declaration] | None = None

    def __iter__(self) -> Iterator[Declaration]:
        yield from self.written
        yield from self._listed()

    def __len__(self) -> int:
        return len(self.written) + len(self._listed())

    @overload
    def __getitem__(self, place: int) -> Declaration: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Declaration]: ...

    def __getitem__(self, place: int | slice) -> Declaration | Sequence[Declaration]:
        return (*self.written, *self._listed())[place]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Listed) and other.name == self.name:
            return tuple(other.written) == tuple(self.written)
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as of a list: it may be long

    def __repr__(self) -> str:
        return f"Listed({len(self.written)} readers, and those of {self.name})"

    def _listed(self) -> Sequence[Declaration]:
        if self._in_list is None:
            self._in_list = self._read()
        return self._in_list


def is_address(text: str) -> bool:
    """Tell whether `text` is a deliverable addr-spec (RFC 5321, 4.1.2; RFC 6531), unquoted."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > 254 or not _LOCAL.match(local):
        return False
    return ".." not in f".{local}." and _is_domain(domain)


@lru_cache(maxsize=4096)
def _is_domain(text: str) -> bool:
    labels = text.split(".")  # thousands of readers share a few
    return len(labels) > 1 and all(_LABEL.match(label) for label in labels)


def address_key(address: str) -> str:
    """Return what makes two spellings one reader: case is ignored, in the local part too."""
    return address.strip().casefold()
