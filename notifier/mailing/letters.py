"""Letters: the words of an edition with what is one reader's own, under the profile of a relay.

Signs in threads where it signs, some letters at a time. Refuses what cannot be written.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from feeds import Site
from notifier.delivery.delivery import Job, Letter
from notifier.delivery.dkim import Signer
from notifier.delivery.filling import Prepared
from notifier.delivery.frozen import Frozen
from notifier.delivery.message import message_id
from notifier.delivery.outbox import Outbox
from notifier.settings import DkimProfile, MailSettings
from notifier.tokens import BOUNCED, LEAVE, UNSUBSCRIBED, SecretKey, local_part, make_token

_KEPT = 32  # editions that are kept ready
