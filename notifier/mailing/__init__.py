"""What the mail round does: open what is due, deliver what is open."""

from notifier.mailing.delivering import Delivered, Sender, deliver
from notifier.mailing.desk import Desk
from notifier.mailing.opening import Opened, open_due, open_now, release

__all__ = ["Delivered", "Desk", "Opened", "Sender", "deliver", "open_due", "open_now", "release"]
