"""What is wrong with a configuration, where it stands, and what was probably meant.

Pure. Never shows a secret: passwords in the quoted line of a file are blotted out.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache

from feeds.kit.excerpt import caret

_INDENT = "    "
# Values of keys that name secrets, and passwords inside of addresses; `${...}` is none.
_SECRETS = re.compile(
    r"""(?ix)
    (?P<before>
        (?: (?:pass|pasw|psw|pwd|secret|token|credential)\w* | (?<![\w-])key ) ["']?
        \s* : \s* | :// [^/\s:@]* : (?= \S*@ ) )
    (?P<secret> (?!["']?\$\{) (?:
        -----BEGIN.* | "[^"]*" | '[^']*' | (?<=[^/\s:@]:) \S+ (?=@) | [^\s,}]+ ) )
    """
)


class Severity(enum.StrEnum):
    """An error keeps the configuration from being used; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in a file; `order` sorts files as they are read. Line and column from 1, or 0."""

    path: str
    order: int = 0
    line: int = 0
    column: int = 0
    source: str = ""

    def __str__(self) -> str:
        """Return `path:line:column` with what is known."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part)

    @property
    def snippet(self) -> str:
        """The source line with a caret under the column, secrets blotted out."""
        if not (self.line and self.source):
            return ""
        return caret(*_blotted(self.source, self.column))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """One mistake: place, what is wrong, and a hint (what to write instead) if there is one."""

    path: str
    line: int
    column: int
    message: str
    hint: str = ""
    snippet: str = ""
    severity: Severity = Severity.ERROR

    @property
    def headline(self) -> str:
        """`path:line:column: message`, with what is known of the place."""
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        warning = "warning: " if self.severity is Severity.WARNING else ""
        return f"{place}: {warning}{self.message}"

    def __str__(self) -> str:
        """Return the headline, the source line with a caret, and the hint."""
        shown = [f"{_INDENT}{line}" for line in self.snippet.splitlines()]
        hint = [f"  {self.hint}"] if self.hint else []
        return "\n".join([self.headline, *shown, *hint])


@dataclass(slots=True)
class Report:
    """Collects problems from all parts of the reading."""

    _found: dict[tuple[int, int, int, str], ConfigProblem] = field(default_factory=dict)
    errors: int = 0
    _silenced: set[Spot] = field(default_factory=set)

    def error(self, spot: Spot, message: str, hint: str = "") -> None:
        """Note a mistake; the same one at the same place counts once."""
        self._add(spot, message, hint, Severity.ERROR)

    def warning(self, spot: Spot, message: str, hint: str = "") -> None:
        """Note something that is probably not meant."""
        self._add(spot, message, hint, Severity.WARNING)

    def silence(self, spot: Spot) -> None:
        """Note nothing more about what stands at `spot`: it follows from what is known."""
        self._silenced.add(spot)

    def take(self, other: Report, severity: Severity) -> None:
        """Note everything that `other` knows, as of `severity`."""
        for key, problem in other._found.items():
            self._found.setdefault(key, replace(problem, severity=severity))
            self.errors += severity is Severity.ERROR

    def problems(self) -> tuple[ConfigProblem, ...]:
        """Return everything noted, in the order of files, lines and columns."""
        return tuple(self._found[key] for key in sorted(self._found))

    def _add(self, spot: Spot, message: str, hint: str, severity: Severity) -> None:
        if spot in self._silenced:
            return
        self.errors += severity is Severity.ERROR
        problem = problem_at(spot, message, hint, severity)
        self._found.setdefault((spot.order, spot.line, spot.column, message), problem)


def problem_at(
    spot: Spot, message: str, hint: str = "", severity: Severity = Severity.ERROR
) -> ConfigProblem:
    """Return the mistake `message` at `spot`."""
    return ConfigProblem(
        path=spot.path,
        line=spot.line,
        column=spot.column,
        message=visible(message),
        hint=visible(hint),
        snippet=spot.snippet,
        severity=severity,
    )


def visible(text: str) -> str:
    """Return `text` on one line, with a line break or what else a terminal acts on spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean ...?` for the closest of `known`, else what is allowed if short.

    Several of `known` in one text are told as that.
    """
    names = tuple(known)
    several = parted(word)
    if len(several) > 1 and set(several) <= set(names):
        return f"these are several: `[{', '.join(several)}]`"
    close = closest(word, names)
    if close:
        return f"did you mean `{close}`?"
    if 0 < len(names) <= 20:
        return "known: " + ", ".join(f"`{name}`" for name in names)
    return ""


def parted(word: str) -> tuple[str, ...]:
    """Return the names that `word` has between commas."""
    return tuple(filter(None, map(str.strip, word.split(","))))


@lru_cache(maxsize=1024)
def closest(word: str, known: tuple[str, ...]) -> str:
    """Return the name in `known` that `word` was probably meant to be, or nothing.

    The last part of a name with slashes will do: `tokyo` is `Asia/Tokyo`.
    """
    folded = {name.casefold(): name for name in known}
    folded |= {name.casefold().rpartition("/")[2]: name for name in known if "/" in name}
    wanted = word.casefold().replace(" ", "_")[:80]
    found = get_close_matches(wanted, folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else ""


def _blotted(line: str, column: int) -> tuple[str, int]:
    """Return `line` with `***` for each secret in it, and where `column` is then."""
    shown, shift, end = [], 0, 0
    for match in _SECRETS.finditer(line):
        start, stop = match.span("secret")
        shown += [line[end:start], "***"]
        if column - 1 >= stop:
            shift += 3 - (stop - start)
        elif column - 1 > start:
            shift += start - (column - 1)
        end = stop
    return "".join([*shown, line[end:]]), column + shift
