"""Readers come, choose and go: with the configuration, by the command line, and through links."""

from notifier.subscribing.choosing import Outcome, choose, choose_all, erase, leave
from notifier.subscribing.leaving import claimed, come_back, take_back
from notifier.subscribing.reconciling import (
    Reconciled,
    ahead,
    follows,
    is_reconciled,
    is_removed,
    reconcile,
    reconcile_for,
    reconcile_one,
    take_in,
)
from notifier.subscribing.removing import NO_REMOVAL, Removal, removal_of
from notifier.subscribing.rules import rules_of

__all__ = [
    "NO_REMOVAL",
    "Outcome",
    "Reconciled",
    "Removal",
    "ahead",
    "choose",
    "choose_all",
    "claimed",
    "come_back",
    "erase",
    "follows",
    "is_reconciled",
    "is_removed",
    "leave",
    "reconcile",
    "reconcile_for",
    "reconcile_one",
    "removal_of",
    "rules_of",
    "take_back",
    "take_in",
]
