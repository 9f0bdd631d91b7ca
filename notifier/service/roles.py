"""Which part of the service a process has: all of it, or one of several processes' parts."""

from __future__ import annotations

import enum

from notifier.errors import NotifierError


class Role(enum.StrEnum):
    """The part of a process: `all` in one; else as many of each as there is work for."""

    ALL = "all"
    WEB = "web"
    SCHEDULER = "scheduler"
    SENDER = "sender"

    @property
    def serves(self) -> bool:
        """Whether it answers requests."""
        return self in {Role.ALL, Role.WEB}

    @property
    def schedules(self) -> bool:
        """Whether it takes in articles and what comes back, publishes, pushes, and opens issues."""
        return self in {Role.ALL, Role.SCHEDULER}

    @property
    def sends(self) -> bool:
        """Whether it delivers."""
        return self in {Role.ALL, Role.SENDER}

    def check(self, *, is_sqlite: bool) -> None:
        """Refuse a part of the service where there can be one process only."""
        if is_sqlite and self is not Role.ALL:
            raise NotifierError(
                f"the role `{self}` needs a store on PostgreSQL: a SQLite store has room for one"
                " process, so leave `--role` out, or move to `store: postgresql://...`"
            )
