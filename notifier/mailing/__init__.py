"""What the mail round does: open what is due, deliver what is open."""

from notifier.mailing.delivering import Delivered, Sender, deliver
from notifier.mailing.desk import Desk
from notifier.mailing.explaining import Explained, explain
from notifier.mailing.issuing import Opened
from notifier.mailing.lookout import Lookout
from notifier.mailing.opening import open_due, open_now, release
from notifier.mailing.planning import Onlooker, Planned, plan
from notifier.mailing.previewing import Preview, preview, rehearse, send_test

__all__ = [
    "Delivered",
    "Desk",
    "Explained",
    "Lookout",
    "Onlooker",
    "Opened",
    "Planned",
    "Preview",
    "Sender",
    "deliver",
    "explain",
    "open_due",
    "open_now",
    "plan",
    "preview",
    "rehearse",
    "release",
    "send_test",
]
