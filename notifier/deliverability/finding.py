"""What a look at something outside came to, with what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Grade(enum.StrEnum):
    """How much a finding matters."""

    FINE = "fine"
    DOUBTFUL = "doubtful"  # it works, or may work, but not as well as it should
    WRONG = "wrong"  # mail will not leave, or will be taken for forged
    UNKNOWN = "unknown"  # nobody answered, so nothing can be said


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: `topic` is `store`, `relay`, `spf`, `dkim`, `dmarc` or `mx`.

    `advice` says what to do, and is empty where all is well. `setting` is where the configuration
    says what was looked at: keys and numbers from the top.
    """

    topic: str
    grade: Grade
    message: str
    advice: str = ""
    setting: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """Findings about one topic, which one setting is about."""

    topic: str
    setting: tuple[str | int, ...] = ()

    def fine(self, message: str) -> Finding:
        """Return that all is well."""
        return self._say(Grade.FINE, message, "")

    def doubtful(self, message: str, advice: str) -> Finding:
        """Return that something should be better."""
        return self._say(Grade.DOUBTFUL, message, advice)

    def wrong(self, message: str, advice: str) -> Finding:
        """Return that something does not work."""
        return self._say(Grade.WRONG, message, advice)

    def unknown(self, message: str, advice: str) -> Finding:
        """Return that nobody could be asked."""
        return self._say(Grade.UNKNOWN, message, advice)

    def _say(self, grade: Grade, message: str, advice: str) -> Finding:
        return Finding(
            topic=self.topic, grade=grade, message=message, advice=advice, setting=self.setting
        )
