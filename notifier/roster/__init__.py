"""The roster: all SQL about readers, and their places in lanes."""

from notifier.roster.following import Hand
from notifier.roster.listing import Card, Entry, Listing
from notifier.roster.places import Change, Places
from notifier.roster.readers import Reader, Roster, Subscription
from notifier.roster.standings import Lanes, Standing, kept

__all__ = [
    "Card",
    "Change",
    "Entry",
    "Hand",
    "Lanes",
    "Listing",
    "Places",
    "Reader",
    "Roster",
    "Standing",
    "Subscription",
    "kept",
]
