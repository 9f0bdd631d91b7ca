"""What a round of `paperround send` did, and how that is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from notifier.cli.common import counted, table
from notifier.cli.held import Held, held_data, waiting_data, waiting_lines
from notifier.delivery.delivery import Answer, Verdict
from notifier.mailing import Delivered, Opened, Preview


@dataclass(frozen=True, slots=True)
class Sent:
    """What a round by hand did; `left_to` says who delivers when it is not us.

    `waiting` is by when what waits for a time is due, by digest; `interrupted` how many deliveries
    were left when it was told to end, None where it was not; `doubtful` how many were under way
    when sending broke off before, which `resend` sends once more; `held` what was held before a
    release, `test` what became of a test message.
    """

    opened: list[Opened] = field(default_factory=list)
    delivered: Delivered = field(default_factory=Delivered)
    left_to: str = ""
    waiting: Mapping[str, datetime] = field(default_factory=dict)
    interrupted: int | None = None
    doubtful: int = 0
    resend: bool = True
    held: tuple[Held, ...] | None = None
    test: tuple[Preview, Answer | None] | None = None


def lines_of(sent: Sent) -> list[str]:
    """Return what people read of a round."""
    if sent.test:
        return [_test_line(*sent.test)]
    if sent.held is not None and not sent.opened:
        return ["nothing was sent" if sent.held else "nothing is held"]
    lines = _opened_lines(sent.opened) if sent.opened else ["nothing is due"]
    if sent.doubtful:
        lines.append(_doubt_line(sent))
    counts = [f"{number} {state}" for state, number in sorted(sent.delivered.counts.items())]
    lines += sorted(set(sent.delivered.failures))
    if sent.delivered.halted:
        lines.append(f"the relay refuses us: {sent.delivered.halted}")
    if sent.delivered.unreachable:
        lines.append(f"no relay can be reached: {sent.delivered.unreachable}")
    if sent.left_to:
        return [*lines, f"delivering is left to what runs already: {sent.left_to}"]
    lines.append(f"messages: {', '.join(counts) or 'none'}")
    if sent.interrupted is not None:
        left = counted(sent.interrupted, "message")
        lines.append(f"interrupted: {left} left for the service, or the next `paperround send`")
    return [*lines, *waiting_lines(waiting_data(sent.waiting))]


def _doubt_line(sent: Sent) -> str:
    found = f"{counted(sent.doubtful, 'message')} without an answer since sending broke off"
    if sent.resend:
        return f"{found}: sent once more if not done before, so a reader may have two copies"
    return f"{found}: in doubt, see `paperround deliveries list --state in_doubt`"


def _opened_lines(opened: Sequence[Opened]) -> list[str]:
    """Return a row for each lane, with what tells those of one zone apart where there are any."""
    columns: dict[str, list[object]] = {
        "digest": [one.digest for one in opened],
        "slot": [one.slot for one in opened],
        "zone": [one.timezone for one in opened],
    }
    if len({one.language for one in opened}) > 1:
        columns["language"] = [one.language for one in opened]
    if any(one.topics for one in opened):
        columns["topics"] = [" ".join(one.topics) for one in opened]
    columns |= {
        "articles": [one.articles for one in opened],
        "readers": [one.readers for one in opened],
        "note": [_note(one) for one in opened],
    }
    return table([tuple(columns), *zip(*columns.values(), strict=True)])


def _note(opened: Opened) -> str:
    for_page = not (opened.readers or opened.reason)
    return "nobody to send to: for its page only" if for_page else opened.reason


def _test_line(test: Preview, answer: Answer | None) -> str:
    if answer is None:
        return f"nothing was sent: {test.reason}"
    words = f"{answer.code or ''} {answer.text}".strip()
    return f"{test.recipient}: {answer.verdict}, {words}: {test.subject}"


def data_of(sent: Sent) -> dict[str, object]:
    """Return a round as the documented object."""
    return {
        "opened": [_opened_data(opened) for opened in sent.opened],
        "messages": {str(state): number for state, number in sent.delivered.counts.items()},
        "halted": sent.delivered.halted,
        "unreachable": sent.delivered.unreachable,
        "failures": sent.delivered.failures,
        "left_to": sent.left_to,
        "waiting": waiting_data(sent.waiting),
        "interrupted": sent.interrupted,
        "doubtful": sent.doubtful,
        "held": held_data(sent.held or ()),
        "test": _test_data(*sent.test) if sent.test else None,
    }


def _opened_data(opened: Opened) -> dict[str, object]:
    return {**asdict(opened), "due": opened.due.isoformat() if opened.due else None}


def _test_data(test: Preview, answer: Answer | None) -> dict[str, object]:
    return {
        "to": test.recipient,
        "subject": test.subject,
        "articles": list(test.articles),
        "verdict": str(answer.verdict) if answer else None,
        "code": answer.code if answer else None,
        "words": answer.text if answer else test.reason,
    }


def has_problems(sent: Sent) -> bool:
    """Tell whether something failed that was to be sent, or waits for the relay."""
    if sent.test:
        answer = sent.test[1]
        return answer is None or answer.verdict is not Verdict.ACCEPTED
    failed = any(opened.failed for opened in sent.opened)
    bad = {"failed", "deferred", "in_doubt"}
    return failed or sent.delivered.is_over or bool(bad & sent.delivered.counts.keys())
