"""DMARC: the record that counts for a sender, and whether SPF or DKIM is aligned with it.

After RFC 7489, with the walk up the tree of names in place of a list of public suffixes.
"""

from __future__ import annotations

from dataclasses import dataclass

from notifier.deliverability.finding import About, Finding
from notifier.deliverability.tags import tags_of, with_version

_DEEPEST = 8  # names that are asked on the way up
_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whose name mail is in: the domains of From, of the envelope sender, and of signatures."""

    author: str
    envelope: str
    signatures: str = ""  # empty where we do not sign

    def aligned(self, record: str) -> bool:
        """Tell whether SPF or DKIM can pass in the author's name by the rules of `record`."""
        tags = tags_of(record)
        ways = ((self.envelope, "aspf"), (self.signatures, "adkim"))
        return any(
            domain and _aligned(domain, self.author, strict=tags.get(tag, "r").lower() == "s")
            for domain, tag in ways
        )


def names(domain: str) -> tuple[str, ...]:
    """Return where the record of `domain` may stand, in the order in which they are asked."""
    labels = domain.split(".")
    if len(labels) > _DEEPEST:
        labels, first = labels[-(_DEEPEST - 1) :], [domain]
    else:
        first = []
    walk = [".".join(labels[start:]) for start in range(max(len(labels) - 1, 1))]
    return tuple(f"_dmarc.{name}" for name in [*first, *walk])


def records_of(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the TXT records at a name that are DMARC."""
    return with_version(texts, "DMARC1")


def judge(sender: Sender, found: tuple[str, ...], setting: tuple[str | int, ...]) -> Finding:
    """Return what receivers make of the records `found` at the first name that has some."""

    about = About("dmarc", setting)
    domain = sender.author
    if not found:
        message = f"{domain} has no DMARC record, and large providers want one of bulk senders"
        wanted = f'publish a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:…"'
        return about.wrong(message, wanted)
    if len(found) > 1:
        message = f"{domain} has {len(found)} DMARC records, and receivers ignore them all"
        return about.wrong(message, "leave one")
    tags = tags_of(found[0])
    policy = tags.get("p", "").lower()
    if policy not in _POLICIES:
        said = f"`p={policy[:20]}`, which is no policy" if policy else "no policy `p=`"
        message = f"the DMARC record of {domain} has {said}"
        return about.wrong(message, "write `p=none`, `p=quarantine` or `p=reject`")
    if not sender.aligned(found[0]):
        message = f"by the DMARC record of {domain} neither SPF nor DKIM can speak for it"
        advice = f"sign with `domain: {domain}`, or let `bounces` be in that domain"
        return about.wrong(message, advice)
    if policy == "none" and "rua" not in tags:
        message = f"the DMARC record of {domain} asks for no reports, so it shows nothing"
        return about.doubtful(message, "add `rua=mailto:` and an address")
    return about.fine(f"{domain} says in DMARC what becomes of forged mail: {policy}")


def _aligned(domain: str, author: str, *, strict: bool) -> bool:
    if domain == author or strict:
        return domain == author
    return domain.endswith(f".{author}") or author.endswith(f".{domain}")
