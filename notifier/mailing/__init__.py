"""What the mail round does: open what is due, deliver what is open."""

from notifier.mailing.delivering import Delivered, Sender, deliver
from notifier.mailing.opening import Desk, Opened, open_due, open_now

__all__ = ["Delivered", "Desk", "Opened", "Sender", "deliver", "open_due", "open_now"]
