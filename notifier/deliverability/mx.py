"""Whether mail to a domain arrives anywhere (RFC 5321, 5.1; RFC 7505)."""

from __future__ import annotations

from notifier.deliverability.finding import About, Finding


def judge(
    domain: str,
    hosts: tuple[str, ...],
    addresses: tuple[str, ...],
    setting: tuple[str | int, ...],
) -> Finding:
    """Return whether answers and failures come back to `domain`, whose MX records are `hosts`.

    `addresses` are those of the domain itself, which count where it has no MX record.
    """
    about = About("mx", setting)
    advice = f"publish an MX record at {domain} that leads to a server which takes its mail"
    if hosts in {(".",), ("",)}:
        return about.wrong(f"{domain} says in DNS that it takes no mail", advice)
    if not hosts and not addresses:
        message = f"{domain} takes no mail, so failures and answers are lost, and receivers object"
        return about.wrong(message, advice)
    if not hosts:
        return about.doubtful(f"{domain} has no MX record, so mail goes to its web server", advice)
    return about.fine(f"mail to {domain} goes to {', '.join(hosts[:3])}")
