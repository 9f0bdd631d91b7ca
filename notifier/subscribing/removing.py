"""How many readers a configuration would remove: a slip must not cost a publication its readers."""

from __future__ import annotations

from dataclasses import dataclass

from notifier.roster import Places
from notifier.settings import Settings
from notifier.subscriber import address_key
from notifier.subscribing.rules import name_of_declaration

FEW = 5  # readers who may always be removed
SHARE = 10  # the part of the declared readers above which a removal needs the operator's word


@dataclass(frozen=True, slots=True)
class Removal:
    """So many of the readers who are declared in the store would be without any digest."""

    removed: int
    declared: int

    @property
    def needs_a_word(self) -> bool:
        """Whether it is to wait until the operator has said that it is meant."""
        return self.removed > FEW and self.removed * SHARE > self.declared

    def __str__(self) -> str:
        """Return it as people are told."""
        return f"{self.removed} of {self.declared} readers would be removed"


NO_REMOVAL = Removal(0, 0)


async def removal_of(settings: Settings, places: Places) -> Removal:
    """Return what `settings` would do to the readers who are declared now."""
    wanted = {address_key(one.email) for one in settings.subscribers if one.digests}
    if name_of_declaration(settings) == await places.followed():
        return Removal(0, len(wanted))
    removed = declared = 0
    async for page in places.declared():
        declared += len(page)
        removed += sum(key not in wanted for key in page)
    return Removal(removed, declared)
