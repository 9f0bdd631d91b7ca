"""The site as the world reaches it: does one-click unsubscribing come through to us?

The question is a POST as mail programs send it (RFC 8058), with a token that names nobody. Such a
token changes nothing, and only we answer it as we do.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from feeds import Site
from feeds.kit.outgoing import Answer, Outgoing
from notifier.deliverability.finding import About, Finding

TOKEN = "0-0-" + "A" * 27  # of a key and a subscription that never are
ANSWER = b"This link is not one of ours."

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SLACK = timedelta(seconds=60)  # between two clocks that are kept
_MOST = 2_000  # octets of an answer


async def look_at_site(site: Site, outgoing: Outgoing, now: datetime) -> list[Finding]:
    """Return whether `site` is reached, leaving works through it, and its clock is like ours."""
    about = About("site", ("site", "url"))
    answer = await outgoing.send(
        "POST",
        f"{site.url}/u/{TOKEN}",
        headers=_FORM,
        content=b"List-Unsubscribe=One-Click",
        limit=_MOST,
        seconds=15.0,
    )
    if not isinstance(answer, Answer):
        message = f"{site.url} is not reached from here: {answer.reason}"
        return [about.unknown(message, "see DNS, certificate and firewall; or ask from outside")]
    found = [_leaving(site, answer, about), *_clock(answer, now)]
    if not site.url.startswith("https://"):
        message = f"{site.url} is not https, so messages have no one-click unsubscribing"
        found.append(about.doubtful(message, "large providers ask for it: use https"))
    return found


def _leaving(site: Site, answer: Answer, about: About) -> Finding:
    if answer.status == 404 and ANSWER in answer.body:
        return about.fine(f"one-click unsubscribing comes through at {site.url}/u/")
    if 300 <= answer.status < 400:
        where = answer.headers.get("location", "elsewhere")[:200]
        advice = "mail programs follow no redirect (RFC 8058): make `site.url` the last address"
        return about.wrong(f"{site.url}/u/ redirects to {where}", advice)
    message = f"a POST to {site.url}/u/ does not come through to us: {answer.status}"
    return about.wrong(message, "let the server in front pass POST on; see docs/serving.md")


def _clock(answer: Answer, now: datetime) -> list[Finding]:
    try:
        said = parsedate_to_datetime(answer.headers.get("date", ""))
        apart = abs(now - said)
    except (ValueError, TypeError):
        return []
    if apart <= _SLACK:
        return []
    message = f"our clock and that of the web server are {apart.total_seconds():.0f} s apart"
    return [About("clock").doubtful(message, "see which is wrong, and let a time server keep it")]
