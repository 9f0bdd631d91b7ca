"""How messages are signed, and where failures go, as an operator says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.configuration import load
from notifier.settings import Dkim, DkimProfile, MailSettings
from tests.notifier.configuration.builders import BASE, told, write
from tests.notifier.keys import ed25519_pem, rsa_pem, short_pem

HEAD = "mail:\n  from: Courier <news@example.org>\n  transport: maildir:x\n"


def loaded(folder: Path, text: str) -> MailSettings:
    files = {"s1.pem": rsa_pem(), "e1.pem": ed25519_pem(), "a.yaml": BASE + HEAD + text}
    found = load(write(folder, files) / "a.yaml", {})
    assert told(found) == []
    mail = found.settings_or_raise().mail
    assert mail is not None
    return mail


def problems(folder: Path, text: str, **files: str) -> list[str]:
    named = {f"{name}.pem": pem for name, pem in files.items()}
    found = load(write(folder, {**named, "a.yaml": BASE + HEAD + text}) / "a.yaml", {})
    assert "PRIVATE" not in "".join(map(str, found.problems))
    return [line.removeprefix("a.yaml:") for line in told(found)]


DKIM = '  dkim: {domain: Example.org., selector: S1, key: "${file:s1.pem}"'


def test_messages_are_signed_with_a_key_from_a_file(tmp_path: Path) -> None:
    mail = loaded(tmp_path, DKIM + ', also: {selector: e1, key: "${file:e1.pem}"}}\n')
    assert mail.dkim is not None
    assert (mail.dkim.domain, mail.dkim.selectors) == ("example.org", ("s1", "e1"))
    assert mail.dkim.profile is DkimProfile.OURS
    assert [key.key for key in mail.dkim.keys] == [rsa_pem().strip(), ed25519_pem().strip()]
    assert rsa_pem().splitlines()[1] not in repr(mail)


def test_a_relay_may_sign_or_rewrite(tmp_path: Path) -> None:
    assert loaded(tmp_path, "  dkim: {profile: relay}\n").dkim == Dkim(profile=DkimProfile.RELAY)
    rewritten = loaded(tmp_path, DKIM + ", profile: rewritten}\n").dkim
    assert rewritten is not None
    assert rewritten.profile is DkimProfile.REWRITTEN


def test_deliveries_and_suppressions_are_kept_as_asked_for(tmp_path: Path) -> None:
    mail = loaded(tmp_path, "")
    assert (mail.keep_deliveries.days, mail.hashed_suppressions) == (90, False)
    mail = loaded(tmp_path, "  keep_deliveries: 31d\n  suppressions: hashed\n")
    assert (mail.keep_deliveries.days, mail.hashed_suppressions) == (31, True)


def test_failures_go_to_one_address_or_to_one_for_each_message(tmp_path: Path) -> None:
    mail = loaded(tmp_path, "  bounces: bounces@example.org\n")
    assert (mail.envelope_sender, mail.bounce_domain) == ("bounces@example.org", "")
    mail = loaded(tmp_path, "  bounces: {domain: bücher.example}\n")
    assert (mail.envelope_sender, mail.bounce_domain) == ("", "xn--bcher-kva.example")
    assert not mail.leave_by_mail
    mail = loaded(tmp_path, "  bounces: {domain: bounce.example.org, unsubscribe: true}\n")
    assert mail.leave_by_mail


MISSING = '  dkim: {domain: example.org, selector: s1, key: "${file:none.pem}"}\n'
MAKES = "`paperround init --dkim DOMAIN DIR` makes one"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  bounces: {address: a@b.example, domain: b.example}\n", ["`address` and `domain`"]),
        ("  bounces: {unsubscribe: true}\n", ["this needs a `domain`"]),
        ("  bounces: {domain: b.example, unsubscribe: often}\n", ["expected `true` or `false`"]),
        ("  keep_deliveries: 30d\n", ["deliveries are kept for 31 days at least"]),
        ("  suppressions: secret\n", ["`secret`"]),
        ("  bounces: nobody\n", ["`nobody` is not an e-mail address"]),
        ("  bounces: {domain: nobody}\n", ["`nobody` is not a domain"]),
        (f"  bounces: {{domain: {'ö日' * 31}.example}}\n", ["is not a domain"]),
        ("  dkim: {selector: s1}\n", ["`domain` is missing", "`key` is missing"]),
        ("  dkim: {profile: relais}\n", ["`relais` is not one of the choices"]),
        (MISSING, ["the file `none.pem` is not there"]),
        (DKIM.replace("S1", "s_1") + "}\n", ["`s_1` is not a selector"]),
        (DKIM.replace("s1.pem", "a.yaml") + "}\n", ["it is no key in PEM", MAKES]),
        (DKIM.replace("s1.pem", "old.pem") + "}\n", ["warning: the key has 1024 bits", MAKES]),
        (DKIM.replace("Example.org.", "mail.example.org") + "}\n", []),
        (
            DKIM.replace("Example.org.", "example.com") + "}\n",
            ["warning: `example.com` is not the domain of `from`", "write `example.org`"],
        ),
        (
            DKIM + ', also: {selector: s1, key: "${file:s1.pem}"}}\n',
            ["two keys cannot share a selector"],
        ),
        (
            "  dkim: {domain: example.org, selector: s1, key: MIIEsecret}\n",
            ["this is not a key to sign with"],
        ),
    ],
)
def test_mistakes_about_signing_and_bounces(tmp_path: Path, text: str, expected: list[str]) -> None:
    found = "\n".join(problems(tmp_path, text, s1=ed25519_pem(), old=short_pem()))
    assert [part for part in expected if part not in found] == []
    assert bool(found) == bool(expected)


def test_a_key_that_stands_in_the_file_is_blotted_out(tmp_path: Path) -> None:
    body = rsa_pem().splitlines()[1]
    for key in (
        body,
        f'"-----BEGIN PRIVATE KEY-----{body}"',
        f"-----BEGIN PRIVATE KEY----- {body}",
    ):
        text = f"{BASE}{HEAD}  dkim: {{domain: example.org, selector: s1, key: {key}}}\n"
        found = load(write(tmp_path, {"a.yaml": text}), {})
        assert found.problems
        assert body not in "".join(map(str, found.problems))
        assert body not in repr(found)
