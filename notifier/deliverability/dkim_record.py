"""Public keys for DKIM in DNS (RFC 6376, 3.6.1), compared with the keys we sign with."""

from __future__ import annotations

import base64
import binascii

from notifier.deliverability.finding import About, Finding
from notifier.deliverability.tags import tags_of


def judge(
    name: str, found: tuple[str, ...], wanted: str, setting: tuple[str | int, ...]
) -> Finding:
    """Return whether one of the TXT records `found` at `name` is for the key of `wanted`.

    `wanted` is the record that belongs there.
    """

    about = About("dkim", setting)
    publish = f'publish a TXT record at {name}: "{wanted}"'
    ours = tags_of(wanted)
    keys = [tags_of(record) for record in found if "p" in tags_of(record)]
    if not keys:
        message = f"there is no DKIM key at {name}, so our signatures count for nothing"
        return about.wrong(message, publish)
    if len(keys) > 1:
        message = f"there are {len(keys)} DKIM keys at {name}, and receivers may take either"
        return about.wrong(message, "leave one, or use two selectors")
    [key] = keys
    if not key["p"]:
        message = f"the DKIM key at {name} is revoked: it is empty"
        return about.wrong(message, "sign with a new key under another selector")
    kind = key.get("k", "rsa").lower()
    if kind != ours["k"]:
        message = f"the DKIM key at {name} is for {kind}, ours is {ours['k']}"
        return about.wrong(message, publish)
    if not _same(key["p"], ours["p"]):
        message = f"the DKIM key at {name} is not the one that we sign with"
        return about.wrong(message, publish)
    return _fitting(name, key, about)


def _fitting(name: str, key: dict[str, str], about: About) -> Finding:
    hashes = [one.strip().lower() for one in key.get("h", "sha256").split(":")]
    services = [one.strip().lower() for one in key.get("s", "*").split(":")]
    flags = [one.strip().lower() for one in key.get("t", "").split(":")]
    if "sha256" not in hashes:
        message = f"the DKIM key at {name} does not allow SHA-256"
        return about.wrong(message, "take `h=` out of the record")
    if not {"*", "email"} & set(services):
        message = f"the DKIM key at {name} is not for mail"
        return about.wrong(message, "take `s=` out of the record")
    if "y" in flags:
        message = f"the DKIM key at {name} is on trial (`t=y`), so receivers need not believe it"
        return about.doubtful(message, "take `t=y` out of the record once all works")
    return about.fine(f"the key at {name} is the one that we sign with")


def _same(published: str, ours: str) -> bool:
    """Compare keys; an RSA key may be published with or without the name of its algorithm."""
    try:
        theirs = base64.b64decode("".join(published.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(theirs) and base64.b64decode(ours).endswith(theirs) and len(theirs) >= 32
