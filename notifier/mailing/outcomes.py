"""What an answer comes to: what is recorded of a delivery, and when it is tried again.

Pure: the policy of what is in doubt must be plain to see.
"""

from __future__ import annotations

from datetime import datetime

from notifier.delivery.delivery import RESENT, Answer, Job, Mark, State, Verdict, next_attempt


def decide(job: Job, answer: Answer, now: datetime, *, resend: bool) -> Mark:
    """Return what to record after `answer`: pure, for the policy must be plain to see."""
    if answer.verdict is _ACCEPTED:
        return Mark(_TAKEN, now, job.reason, answer)
    state, reason = _OUTCOMES.get(answer.verdict, (State.DEFERRED, job.reason))
    if answer.verdict is Verdict.IN_DOUBT:
        once_more = resend and job.reason != RESENT
        state = State.DEFERRED if once_more else State.IN_DOUBT
        reason = RESENT if once_more else "no answer came"
    elif state is State.FAILED and job.reason == RESENT:
        state, reason = State.IN_DOUBT, "refused after doubt"  # the first copy may have been taken
    due = now
    if state is State.DEFERRED:
        seed = f"{job.issue_id}/{job.subscriber_id}"
        due = next_attempt(job.attempts + 1, now, seed, expires=job.expires)
    return Mark(state=state, due=due, reason=reason or job.reason, answer=answer)


_ACCEPTED, _TAKEN = Verdict.ACCEPTED, State.ACCEPTED  # to look them up each time costs a call
_OUTCOMES = {
    Verdict.HALT: (State.QUEUED, ""),
    Verdict.DEAD_ADDRESS: (State.FAILED, "no such address"),
    Verdict.FAILED: (State.FAILED, "refused"),
}
