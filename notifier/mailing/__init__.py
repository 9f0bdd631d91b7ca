"""What the mail round does: open what is due, deliver what is open, settle what was left."""

from notifier.mailing.comparing import Compared, Record, compare, read_record
from notifier.mailing.delivering import deliver
from notifier.mailing.desk import Desk
from notifier.mailing.explaining import Explained, explain
from notifier.mailing.foretold import Onlooker, Planned
from notifier.mailing.issuing import Opened
from notifier.mailing.lookout import Lookout
from notifier.mailing.opening import open_due, open_now, release
from notifier.mailing.planning import plan
from notifier.mailing.previewing import Preview, preview, rehearse, send_test
from notifier.mailing.recovering import Recovered, recover
from notifier.mailing.retrying import Retried, retry
from notifier.mailing.sender import Delivered, Sender, Told, tell_nobody

__all__ = [
    "Compared",
    "Delivered",
    "Desk",
    "Explained",
    "Lookout",
    "Onlooker",
    "Opened",
    "Planned",
    "Preview",
    "Record",
    "Recovered",
    "Retried",
    "Sender",
    "Told",
    "compare",
    "deliver",
    "explain",
    "open_due",
    "open_now",
    "plan",
    "preview",
    "read_record",
    "recover",
    "rehearse",
    "release",
    "retry",
    "send_test",
    "tell_nobody",
]
