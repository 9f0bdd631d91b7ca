"""What the Recommendation says, as pure functions: requests, URLs, headers, meanings, waits.

Section numbers are those of https://www.w3.org/TR/2018/REC-websub-20180123/.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from feeds.kit.outgoing import Answer, Failure
from feeds.websub.settings import WebSubSettings

_FIELDS = 64
_SECRET_LIMIT = 200  # octets; section 5.1: less than that
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")  # RFC 3986, 2.3
_WAITS = (10, 60, 300, 900, 1800, 3600, 7200, 14_400, *([21_600] * 4))  # seconds; a day and a half
_VERIFICATION_WAITS = (5, 60)
_JITTER = 0.2


class Mode(enum.StrEnum):
    """What a GET to a callback is about: `hub.mode` (sections 5.2 and 5.3)."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    DENIED = "denied"


class Outcome(enum.StrEnum):
    """What an answer to a content distribution request means (section 7)."""

    DELIVERED = "delivered"
    ENDED = "ended"  # 410: the subscription has been deleted
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A well-formed request to subscribe or unsubscribe (section 5.1).

    `said` is the topic as the subscriber wrote it, `topic` the same with its unreserved
    characters decoded; `lease` is in seconds and already ours; no secret is an empty one.
    """

    mode: Mode
    callback: str
    said: str
    topic: str
    lease: int
    secret: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """The hub's answer to a request: an HTTP status, and words for its developer (5.1.2)."""

    status: int
    text: str


def read_wish(body: bytes, settings: WebSubSettings) -> Wish | Reply:
    """Return what a form asks for, or the refusal of one that is not well-formed (section 5.1).

    Unknown parameters are ignored. Whether callback and topic are acceptable is not judged here.
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS
        )
    except UnicodeDecodeError:
        return Reply(400, "the form is not UTF-8")
    except ValueError:
        return Reply(400, f"the form has more than {_FIELDS} fields")
    known = ("hub.mode", "hub.callback", "hub.topic", "hub.lease_seconds", "hub.secret")
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in known and form.setdefault(name, value) != value:
            return Reply(400, f"{name} is given twice, and differently")
    missing = [name for name in known[:3] if not form.get(name)]
    if missing:
        return Reply(400, f"{missing[0]} is missing")
    return _wish(form, settings)


def _wish(form: dict[str, str], settings: WebSubSettings) -> Wish | Reply:
    if form["hub.mode"] not in {Mode.SUBSCRIBE, Mode.UNSUBSCRIBE}:
        return Reply(400, "hub.mode is neither subscribe nor unsubscribe")
    mode = Mode(form["hub.mode"])
    secret = form.get("hub.secret", "").encode()
    if len(secret) >= _SECRET_LIMIT:
        return Reply(400, f"hub.secret must be less than {_SECRET_LIMIT} bytes long")
    lease = settings.lease
    asked = form.get("hub.lease_seconds", "")
    if asked and mode is Mode.SUBSCRIBE:
        if not re.fullmatch(r"[0-9]{1,18}", asked) or not int(asked):
            return Reply(400, "hub.lease_seconds is not a positive decimal integer")
        lease = min(max(int(asked), settings.shortest_lease), settings.longest_lease)
    return Wish(
        mode=mode,
        callback=form["hub.callback"],
        said=form["hub.topic"],
        topic=decoded(form["hub.topic"]),
        lease=lease,
        secret=secret,
    )


def decoded(url: str) -> str:
    """Return `url` with percent-encoded unreserved characters decoded (section 5.1.1)."""

    def plain(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if _UNRESERVED.fullmatch(character) else found[0].upper()

    return _PERCENT.sub(plain, url)


def with_parameters(callback: str, parameters: dict[str, str]) -> str:
    """Return `callback` with `parameters` put after its own query, which stays as it is (5.1.1)."""
    joint = "&" if "?" in callback else "?"
    return f"{callback}{joint}{urlencode(parameters)}"


def confirms(answer: Answer | Failure, challenge: str) -> bool:
    """Tell whether a subscriber has confirmed: 2xx, and the challenge as the body (5.3.1)."""
    if isinstance(answer, Failure):
        return False
    return 200 <= answer.status < 300 and answer.body == challenge.encode()


def outcome(answer: Answer | Failure) -> Outcome:
    """Return what the answer to a push means; a redirect is a failure like others (section 7)."""
    if isinstance(answer, Failure):
        return Outcome.FAILED
    if 200 <= answer.status < 300:
        return Outcome.DELIVERED
    return Outcome.ENDED if answer.status == 410 else Outcome.FAILED


def push_headers(
    topic: str, hub: str, content_type: str, body: bytes, secret: bytes
) -> dict[str, str]:
    """Return the headers of a content distribution request (sections 7 and 7.1)."""
    headers = {
        "Content-Type": content_type,
        "Link": f'<{hub}>; rel="hub", <{topic}>; rel="self"',
    }
    if secret:
        signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
        headers["X-Hub-Signature"] = f"sha256={signature}"
    return headers


def next_push(attempts: int, now: datetime, seed: str) -> datetime | None:
    """Return when to push again after `attempts` failures (1 or more), or None to give up.

    To give up means until the topic changes again: the subscription stays (section 7). `seed`
    spreads the waits by up to a fifth either way, always alike for the same attempt.
    """
    return _later(_WAITS, attempts, now, seed)


def next_verification(attempts: int, now: datetime, seed: str) -> datetime | None:
    """Return when to ask a callback again that did not answer at all, or None to give up."""
    return _later(_VERIFICATION_WAITS, attempts, now, seed)


def _later(waits: tuple[int, ...], attempts: int, now: datetime, seed: str) -> datetime | None:
    if attempts > len(waits):
        return None
    drawn = hashlib.sha256(f"{attempts}:{seed}".encode()).digest()
    share = int.from_bytes(drawn[:4], "big") / 0xFFFFFFFF
    return now + timedelta(seconds=waits[max(attempts, 1) - 1] * (1 + _JITTER * (2 * share - 1)))
