"""The roster: all SQL about readers, and their places in lanes."""

from notifier.roster.listing import Card, Entry, Listing
from notifier.roster.places import Change, Places
from notifier.roster.readers import Reader, Roster, Subscription

__all__ = ["Card", "Change", "Entry", "Listing", "Places", "Reader", "Roster", "Subscription"]
