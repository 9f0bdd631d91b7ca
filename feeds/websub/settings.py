"""What an operator says about pushing. Pure values; standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field

from feeds.kit.destinations import Reach

PATH = "/hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSubSettings:
    """How feeds are pushed, and how much the hub does at once.

    With `hubs`, those are pinged and our own hub is not offered; with neither, nothing is pushed.
    `reach` holds the exceptions to the rule that requests go to public addresses only. Leases,
    `patience` (one request, all told) and `memory` (how long a verification that failed counts
    against its host) are in seconds.
    """

    hub: bool = True
    hubs: tuple[str, ...] = ()
    reach: Reach = field(default_factory=Reach)
    lease: int = 10 * 86_400
    shortest_lease: int = 3_600
    longest_lease: int = 30 * 86_400
    patience: float = 10.0
    memory: int = 600
    pushes: int = 32
    verifications: int = 8
    per_host: int = 4
    pending: int = 1_000
    pending_per_host: int = 100

    @property
    def own_hub(self) -> bool:
        """Whether our own hub serves subscribers."""
        return self.hub and not self.hubs

    def advertised(self, site_url: str) -> tuple[str, ...]:
        """Return the hubs that every public feed names with `rel="hub"` (section 4)."""
        if self.hubs:
            return self.hubs
        return (f"{site_url}{PATH}",) if self.hub else ()
