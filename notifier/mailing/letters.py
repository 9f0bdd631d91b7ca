"""Letters: the words of an edition with what is one reader's own, signed for the relay they go to.

Signs in threads, for a signature costs more than the change of threads. Refuses what cannot be
written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from feeds import Site
from notifier.delivery.delivery import Job, Letter
from notifier.delivery.dkim import Signer
from notifier.delivery.filling import Prepared
from notifier.delivery.frozen import Frozen
from notifier.delivery.message import in_brackets
from notifier.delivery.outbox import Outbox
from notifier.settings import DkimProfile, MailSettings
from notifier.tokens import LEAVE, UNSUBSCRIBED, SecretKey, local_part, make_token, names_of

Signers = Mapping[DkimProfile, Sequence[Signer]]


class Words:
    """A frozen edition, made ready for each profile under which it is sent."""

    def __init__(self, frozen: Frozen, signers: Signers) -> None:
        self._frozen = frozen
        self._signers = signers
        self._prepared: dict[DkimProfile, Prepared] = {}

    def prepared(self, profile: DkimProfile) -> Prepared:
        """Return it with everything done that does not depend on the reader."""
        prepared = self._prepared.get(profile)
        if prepared is None:
            prepared = Prepared(self._frozen, self._signers.get(profile, ()))
            self._prepared[profile] = prepared
        return prepared


class Writer:
    """Writes the letters of one round. Raises StoreError where an edition cannot be read."""

    def __init__(
        self, outbox: Outbox, site: Site, mail: MailSettings, key: SecretKey, signers: Signers
    ) -> None:
        self._outbox = outbox
        self._site = site
        self._mail = mail
        self._key = key
        self._signers = signers
        self._own_profile = mail.dkim.profile if mail.dkim else DkimProfile.RELAY
        self._domain = mail.from_address.rpartition("@")[2]

    async def words(self, edition_id: str) -> Words:
        """Return the words of an edition."""
        edition = await self._outbox.edition(edition_id)
        assert edition is not None, "an edition outlives its deliveries"
        return Words(Frozen.from_bytes(edition.frozen), self._signers)

    async def letter(self, job: Job, words: Words, profile: DkimProfile | None) -> Letter:
        """Return the letter for one reader; InvalidMessage where it cannot be written.

        `profile` is that of the relay it goes to, where it has one of its own.
        """
        if self.signs(profile):
            return await asyncio.to_thread(self.write, job, words, profile)
        return self.write(job, words, profile)

    def signs(self, profile: DkimProfile | None) -> bool:
        """Tell whether letters under `profile` are signed by us, which takes time."""
        return bool(self._signers.get(profile or self._own_profile))

    def write(self, job: Job, words: Words, profile: DkimProfile | None) -> Letter:
        """Do as `letter` does, at once; any thread may."""
        mail, key, address, name = self._mail, self._key, job.address, job.name
        prepared = words.prepared(profile or self._own_profile)
        identity, local = names_of(key, job.issue_id, job.subscriber_id)
        message_id = in_brackets(identity, self._domain)
        content = prepared.fill(
            reader_values(self._site, key, job),
            recipient=address,
            recipient_name=name,
            message_id=message_id,
            leave_address=leave_address(mail, key, job),
        )
        sender = envelope_sender(mail, local)
        return Letter(sender, address, message_id, content, local, prepared.sound)


def reader_values(site: Site, key: SecretKey, job: Job) -> Mapping[str, str]:
    """Return what fills the slots of a message for one reader."""
    token = make_token(key, LEAVE, job.subscription_id, job.generation)
    leave = f"{site.url}/u/{token}"
    return {
        "name": job.name,
        "email": job.address,
        "unsubscribe_url": leave,
        "preferences_url": leave,
    }


def envelope_sender(mail: MailSettings, local: str) -> str:
    """Return where failures are reported: with a bounce domain `local` there, of each delivery."""
    if mail.bounce_domain:
        return f"{local}@{mail.bounce_domain}"
    return mail.envelope_sender or mail.from_address


def leave_address(mail: MailSettings, key: SecretKey, job: Job) -> str:
    """Return the address to which mail means that the reader leaves, if such mail is read."""
    if not mail.leave_by_mail:
        return ""
    local = local_part(key, UNSUBSCRIBED, job.subscription_id, generation=job.generation)
    return f"{local}@{mail.bounce_domain}"
