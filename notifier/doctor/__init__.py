"""Looks at everything that a service stands on, and says what to do about it; changes nothing.

Each look returns findings and never raises. What DNS and the mail servers say is `probing`'s.
"""

from notifier.doctor.certificates import look_at_certificates
from notifier.doctor.machine import look_at_clock, look_at_disk, look_at_secrets, look_at_zones
from notifier.doctor.public import look_at_site
from notifier.doctor.stored import look_at_sources, look_at_store

__all__ = [
    "look_at_certificates",
    "look_at_clock",
    "look_at_disk",
    "look_at_secrets",
    "look_at_site",
    "look_at_sources",
    "look_at_store",
    "look_at_zones",
]
