"""Messages filled per second, and filled and signed per second, beside what they are made of.

A message of 20 kB with the reader's name and four links of theirs. Filling is set beside the least
that any program must do: to join the same bytes. Signing (RSA-2048) is set beside the rate that
`openssl speed rsa2048` reaches on one core, taken in turns with ours. One thread is measured in
seconds of the processor, as OpenSSL does; two threads by the clock, as `-elapsed` does, for a
signature lets go of the interpreter.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from measuring import RUNS, figure

from feeds import Site
from notifier.delivery.dkim import Signer, signers_of
from notifier.delivery.filling import Prepared
from notifier.delivery.frozen import Frozen
from notifier.delivery.keys import Algorithm, make_key
from notifier.delivery.message import freeze, message_id
from notifier.digest.placeholder import slot_token
from notifier.settings import Dkim, DkimKey
from notifier.tokens import LEAVE, SecretKey, make_token

FILLED = 5000  # messages in one timing
SIGNED = 300
SITE = Site(name="Riverside Courier", url="https://news.example.org")
KEY = SecretKey(1, b"a key of thirty-two octets, or so")
NAME, LEAVING, CHOOSING = map(slot_token, ("name", "unsubscribe_url", "preferences_url"))
LINE = "<p>The bridge over the river carries traffic again after a year of work.</p>\n"


def frozen() -> Frozen:
    links = f"<a href={LEAVING}>leave</a>\n<a href={CHOOSING}>choose</a>\n"
    return freeze(
        subject="Riverside Courier: the bridge is open again",
        html=f"<p>Dear {NAME}</p>\n{LINE * 180}{links}",
        text=f"Dear {NAME}\n{LINE * 60}{LEAVING}\n{CHOOSING}\n",
        from_name="Riverside Courier",
        from_address="news@example.org",
        date=datetime(2026, 11, 23, 6, 30, tzinfo=UTC),
        language="en",
        list_id="morning.example.org",
        list_name="The morning paper",
        list_archive="https://news.example.org/digests/morning",
        list_help="https://news.example.org/",
        feedback_id="morning:en:digest:0123456789ab",
        selectors=("s1",),
    )


def fill(prepared: Prepared, number: int, identity: str, url: str) -> bytes:
    address = f"reader{number}@readers.example"
    values = {
        "name": "Anna Reader",
        "email": address,
        "unsubscribe_url": url,
        "preferences_url": url,
    }
    return prepared.fill(
        values, recipient=address, recipient_name="Anna Reader", message_id=identity
    )


def letter(prepared: Prepared, number: int) -> bytes:
    """With the reader's tokens, which are HMACs, as in a real round."""
    identity = message_id(KEY.secret, "1", str(number), "example.org")
    return fill(prepared, number, identity, f"{SITE.url}/u/{make_token(KEY, LEAVE, number, 1)}")


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the median of several timings of `work`, in seconds of the processor."""
    taken = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def openssl_rate(*options: str) -> float:
    """Signatures per second of one core, by OpenSSL's own measure."""
    binary = shutil.which("openssl")
    assert binary, "the reference is openssl's"
    said = subprocess.run(
        [binary, "speed", "-seconds", "2", *options, "rsa2048"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"rsa\s+2048 bits\s+\S+s\s+\S+s\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def rate_of(work: Prepared, threads: int) -> float:
    if threads == 1:
        began = time.process_time()
        for number in range(SIGNED):
            letter(work, number)
        return SIGNED / (time.process_time() - began)
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        list(pool.map(lambda number: letter(work, number), range(SIGNED * threads)))
        return SIGNED * threads / (time.perf_counter() - began)


def main() -> None:
    unsigned = Prepared(frozen())
    content = letter(unsigned, 1)
    pieces = [content[at : at + 2100] for at in range(0, len(content), 2100)]
    url = f"{SITE.url}/u/{make_token(KEY, LEAVE, 1, 1)}"
    identity = message_id(KEY.secret, "1", "1", "example.org")
    joined = cpu_seconds(lambda: [b"".join(pieces) for _ in range(FILLED)]) / FILLED
    filled = cpu_seconds(lambda: [fill(unsigned, 1, identity, url) for _ in range(FILLED)])
    whole = cpu_seconds(lambda: [letter(unsigned, number) for number in range(FILLED)])
    print(
        f"a message of {len(content)} octets filled in {filled / FILLED * 1e6:.1f} us,"
        f" with its tokens in {whole / FILLED * 1e6:.1f} us, joined in {joined * 1e6:.1f} us"
    )
    figure("messages filled", FILLED / filled, 1 / joined, "/s", joined * FILLED / filled)

    keys = (DkimKey(selector="s1", key=make_key(Algorithm.RSA)),)
    signers: tuple[Signer, ...] = signers_of(Dkim(domain="example.org", keys=keys))
    signed = Prepared(frozen(), signers)
    for threads, options in {1: (), 2: ("-elapsed",)}.items():
        rates, reference = [], []
        for _ in range(3):
            reference.append(openssl_rate(*options))
            rates.append(rate_of(signed, threads))
        rate, theirs = statistics.median(rates), statistics.median(reference)
        named = f"messages filled and signed (RSA-2048), {threads} thread{'s' * (threads > 1)}"
        figure(named, rate, theirs, "/s", rate / theirs)


if __name__ == "__main__":
    main()
