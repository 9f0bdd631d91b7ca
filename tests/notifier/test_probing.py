"""What store, relays and DNS say: met on a name server, a mail server and databases of our own."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from notifier.deliverability import dmarc
from notifier.deliverability.finding import Finding, Grade
from notifier.delivery.dkim import dns_record
from notifier.delivery.keys import read_key
from notifier.dns import DnsUnreachable, Kind
from notifier.probing import probe, probe_dns, probe_relays, probe_store
from notifier.settings import Dkim, DkimKey, Maildir, MailSettings, SmtpRelay
from tests.dns_server import DnsServer, txt
from tests.notifier.builders import some_settings
from tests.notifier.keys import ed25519_pem, rsa_pem, short_pem
from tests.smtp_server import Say, SmtpServer, Step, Tls, authority

LOGIN = ("courier", "correct horse")
RELAY = SmtpRelay(host="mail.example.org", port=587, tls="starttls")
MAIL = MailSettings(
    from_address="news@example.org",
    transport=RELAY,
    dkim=Dkim(domain="example.org", keys=(DkimKey(selector="s1", key=rsa_pem()),)),
)
KEY = "s1._domainkey.example.org"
RECORD = dns_record(read_key(rsa_pem()))
IN_ORDER = {
    ("example.org", "TXT"): [txt("v=spf1 mx -all"), txt("unrelated")],
    ("example.org", "MX"): ["10 mail.example.org."],
    (KEY, "TXT"): [txt(RECORD)],
    ("_dmarc.example.org", "TXT"): [txt("v=DMARC1; p=quarantine")],
}


async def asked(
    changes: Mapping[tuple[str, str], Sequence[str]], mail: MailSettings = MAIL
) -> list[Finding]:
    """What is found where DNS is in order but for `changes`."""
    async with DnsServer(IN_ORDER | {key: list(found) for key, found in changes.items()}) as server:
        return list(await probe_dns(mail, server.resolver()))


async def test_all_is_well_where_the_records_are_as_they_should_be() -> None:
    found = await asked({})
    assert [(one.topic, one.grade) for one in found] == [
        ("spf", Grade.FINE),
        ("dkim", Grade.FINE),
        ("dmarc", Grade.FINE),
        ("mx", Grade.FINE),
    ]
    assert not any(one.advice for one in found)


@pytest.mark.parametrize(
    ("host", "term"),
    {
        "mail.example.org": "a:mail.example.org",
        "8.8.8.8": "ip4:8.8.8.8",
        "2606:4700::1111": "ip6:2606:4700::1111",
        "127.0.0.1": "ip4:…",
        "::1": "ip6:…",
        "localhost": "ip4:…",
        "/run/postfix/public.lmtp.sock": "ip4:…",
    }.items(),
)
async def test_the_spf_record_that_is_advised_names_the_relay_as_the_world_sees_it(
    host: str, term: str
) -> None:
    mail = replace(MAIL, transport=replace(RELAY, host=host))
    [found] = [one for one in await asked({SPF: []}, mail) if one.topic == "spf"]
    assert f'"v=spf1 {term} -all"' in found.advice


SPF, DMARC = ("example.org", "TXT"), ("_dmarc.example.org", "TXT")
ELEVEN = "v=spf1 " + " ".join(f"a:a{number}.example" for number in range(11)) + " -all"
PKCS1 = RECORD.replace(
    "p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", "p="
)  # the key alone, as some publish it
Changes = Mapping[tuple[str, str], Sequence[str]]
WRONG: dict[str, tuple[Changes, str, str]] = {
    "no spf": ({SPF: []}, "has no SPF record", '"v=spf1 a:mail.example.org -all"'),
    "two spf": ({SPF: [txt("v=spf1 -all"), txt("v=spf1 mx -all")]}, "2 SPF records", "one record"),
    "spf term": ({SPF: [txt("v=spf1 ipv4:192.0.2.1 -all")]}, "`ipv4:192.0.2.1`", "mend"),
    "spf cost": ({SPF: [txt(ELEVEN)]}, "more than 10 lookups", "ip4"),
    "spf gone": ({SPF: [txt("v=spf1 include:gone.example -all")]}, "goes on to gone", "take that"),
    "spf open": ({SPF: [txt("v=spf1 +all")]}, "the whole world", "-all"),
    "spf circle": ({SPF: [txt("v=spf1 include:example.org -all")]}, "more than 10", "ip4"),
    "no dkim": ({(KEY, "TXT"): []}, "no DKIM key at s1._domainkey", RECORD),
    "two dkim": ({(KEY, "TXT"): [txt(RECORD), txt("v=DKIM1; p=AAAA")]}, "2 DKIM keys", "leave one"),
    "revoked": ({(KEY, "TXT"): [txt("v=DKIM1; p=")]}, "is revoked", "another selector"),
    "other key": (
        {(KEY, "TXT"): [txt(dns_record(read_key(short_pem(2048))))]},
        "is not the one that we sign with",
        RECORD,
    ),
    "other kind": (
        {(KEY, "TXT"): [txt(dns_record(read_key(ed25519_pem())))]},
        "is for ed25519, ours is rsa",
        RECORD,
    ),
    "damaged": ({(KEY, "TXT"): [txt("v=DKIM1; p=%%%")]}, "is not the one", RECORD),
    "sha1": ({(KEY, "TXT"): [txt(RECORD + "; h=sha1")]}, "does not allow SHA-256", "h="),
    "not mail": ({(KEY, "TXT"): [txt(RECORD + "; s=tlsrpt")]}, "is not for mail", "s="),
    "no dmarc": ({DMARC: []}, "has no DMARC record", "v=DMARC1; p=none"),
    "two dmarc": ({DMARC: [txt("v=DMARC1; p=none")] * 2 + [txt("v=DMARC1")]}, "2 DMARC", "leave"),
    "dmarc policy": ({DMARC: [txt("v=DMARC1; p=never")]}, "`p=never`, which is no", "p=none"),
    "no policy": ({DMARC: [txt("v=DMARC1; rua=mailto:a@b.example")]}, "has no policy", "p=none"),
    "null mx": ({("example.org", "MX"): ["0 ."]}, "takes no mail", "MX record"),
    "no mx": ({("example.org", "MX"): []}, "takes no mail, so failures", "MX record"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_in_dns_is_told_with_what_to_do(name: str) -> None:
    changes, message, advice = WRONG[name]
    [found] = [one for one in await asked(changes) if one.grade is not Grade.FINE]
    assert found.grade is Grade.WRONG
    assert message in found.message
    assert advice in found.advice


DOUBTFUL: dict[str, tuple[Changes, str]] = {
    "neutral": ({SPF: [txt("v=spf1 mx ?all")]}, "says nothing of other servers"),
    "open end": ({SPF: [txt("v=spf1 mx")]}, "says nothing of other servers"),
    "pointers": ({SPF: [txt("v=spf1 ptr -all")]}, "uses `ptr`"),
    "on trial": ({(KEY, "TXT"): [txt(RECORD + "; t=y")]}, "on trial"),
    "no reports": ({DMARC: [txt("v=DMARC1; p=none")]}, "asks for no reports"),
    "web server": (
        {("example.org", "MX"): [], ("example.org", "A"): ["192.0.2.1"]},
        "goes to its web server",
    ),
}


@pytest.mark.parametrize("name", DOUBTFUL)
async def test_what_could_be_better_in_dns_is_told_as_that(name: str) -> None:
    changes, message = DOUBTFUL[name]
    [found] = [one for one in await asked(changes) if one.grade is not Grade.FINE]
    assert found.grade is Grade.DOUBTFUL
    assert message in found.message
    assert found.advice


FINE: dict[str, Changes] = {
    "redirect": {
        SPF: [txt("v=spf1 redirect=_spf.example.org")],
        ("_spf.example.org", "TXT"): [txt("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all")],
    },
    "include": {
        SPF: [txt("v=spf1 include:_spf.relay.example ~all")],
        ("_spf.relay.example", "TXT"): [txt("v=spf1 a/24//64 mx:relay.example ?all")],
    },
    "macro": {SPF: [txt("v=spf1 exists:%{i}._spf.example.org include:%{d}.x -all")]},
    "spaces": {(KEY, "TXT"): [txt(RECORD.replace("; ", " ;  ").replace("=", " = ", 2))]},
    "bare key": {(KEY, "TXT"): [txt(PKCS1)]},
    "reports": {DMARC: [txt("V=DMARC1 ;p = none; rua=mailto:a@example.org")]},
}


@pytest.mark.parametrize("name", FINE)
async def test_records_may_be_written_in_many_ways(name: str) -> None:
    assert {one.grade for one in await asked(FINE[name])} == {Grade.FINE}


async def test_dmarc_of_a_domain_above_counts_and_failures_may_go_to_a_domain_of_their_own() -> (
    None
):
    mail = replace(MAIL, from_address="news@mail.example.org", bounce_domain="bounce.example.org")
    records = {
        ("bounce.example.org", "TXT"): [txt("v=spf1 mx -all")],
        ("bounce.example.org", "MX"): ["10 mail.example.org."],
        ("mail.example.org", "MX"): ["10 mail.example.org."],
    }
    found = await asked(records, mail)
    assert {one.grade for one in found} == {Grade.FINE}
    assert [one.setting[1] for one in found] == ["bounces", "dkim", "from", "from", "bounces"]


async def test_neither_spf_nor_dkim_in_the_name_of_the_sender_is_told() -> None:
    strict = {DMARC: [txt("v=DMARC1; p=reject; adkim=s; aspf=s")]}
    assert {one.grade for one in await asked(strict)} == {Grade.FINE}
    mail = replace(MAIL, envelope_sender="b@example.net", dkim=None)
    records = {
        ("example.net", "TXT"): [txt("v=spf1 -all")],
        ("example.net", "MX"): ["1 mx.example.net."],
    }
    [found] = [one for one in await asked(records, mail) if one.grade is not Grade.FINE]
    assert "neither SPF nor DKIM can speak for it" in found.message


def test_the_record_of_a_deep_name_is_looked_for_on_eight_names_at_most() -> None:
    assert dmarc.names("example.org") == ("_dmarc.example.org",)
    assert dmarc.names("a.b.example.org")[:3] == (
        "_dmarc.a.b.example.org",
        "_dmarc.b.example.org",
        "_dmarc.example.org",
    )
    deep = dmarc.names(".".join("abcdefghijkl") + ".example.org")
    assert len(deep) <= 8
    assert deep[-1] == "_dmarc.example.org"


async def test_a_second_key_is_asked_for_too_and_both_settings_are_named() -> None:
    keys = (DkimKey(selector="s1", key=rsa_pem()), DkimKey(selector="ed", key=ed25519_pem()))
    mail = replace(MAIL, dkim=Dkim(domain="example.org", keys=keys))
    found = [one for one in await asked({}, mail) if one.topic == "dkim"]
    assert [(one.grade, one.setting[-2:]) for one in found] == [
        (Grade.FINE, ("dkim", "selector")),
        (Grade.WRONG, ("also", "selector")),
    ]


async def test_a_name_server_that_says_nothing_or_fails_leaves_all_unknown() -> None:
    names = ["example.org", KEY, "_dmarc.example.org"]
    async with DnsServer({}, silent=names) as silent, DnsServer({}, broken=names) as broken:
        for server in (silent, broken):
            found = await probe_dns(MAIL, server.resolver(patience=0.2))
            assert {one.grade for one in found} == {Grade.UNKNOWN}
            assert "no name server answered about example.org" in [one.message for one in found]
        with pytest.raises(DnsUnreachable):
            await silent.resolver(patience=0.1).ask("example.org", Kind.A)


async def test_where_no_mail_leaves_by_smtp_dns_is_not_asked(tmp_path: Path) -> None:
    async with DnsServer({}) as server:
        mail = replace(MAIL, transport=Maildir(path=tmp_path))
        assert await probe_dns(mail, server.resolver()) == ()
    assert server.asked == []


def a_relay(server: SmtpServer, ca_file: str = "", password: str = LOGIN[1]) -> SmtpRelay:
    return SmtpRelay(
        host="127.0.0.1",
        port=server.port,
        tls="starttls",
        username="courier",
        password=password,
        ca_file=ca_file,
        timeout=2.0,
    )


async def test_each_relay_is_logged_in_to(tmp_path: Path) -> None:
    ca_file = authority().write_ca_file(tmp_path)
    async with (
        SmtpServer(tls=Tls.STARTTLS, login=LOGIN) as one,
        SmtpServer(tls=Tls.STARTTLS, login=LOGIN) as two,
    ):
        ways = (a_relay(one, ca_file), a_relay(two, ca_file, "hunter2"), a_relay(two))
        mail = replace(MAIL, transport=ways[0], fallbacks=ways[1:])
        good, refused, untrusted = await probe_relays(mail)
    assert (good.grade, good.setting) == (Grade.FINE, ("mail", "transport", 0))
    assert good.message == f"127.0.0.1:{one.port} answers and lets us in"
    assert (refused.grade, refused.setting) == (Grade.WRONG, ("mail", "transport", 1))
    assert "refuses the login: 535" in refused.message
    assert "hunter2" not in str(refused)
    assert "certificate cannot be trusted" in untrusted.message
    assert "`ca_file`" in untrusted.advice


async def test_a_relay_that_is_not_there_or_not_willing_is_told(tmp_path: Path) -> None:
    async with SmtpServer() as server:
        gone = replace(RELAY, host="127.0.0.1", port=server.port, tls="none", timeout=1.0)
        plain = replace(gone, tls="starttls")
        [found] = await probe_relays(replace(MAIL, transport=plain))
        assert "the relay offers no STARTTLS" in found.message
        direct = replace(gone, tls="implicit")
        [found] = await probe_relays(replace(MAIL, transport=direct))
        assert found.message == f"127.0.0.1:{gone.port}: it speaks no TLS there"
        assert "465 is for `smtps://`" in found.advice
    [found] = await probe_relays(replace(MAIL, transport=gone))
    assert found.message == f"127.0.0.1:{gone.port} cannot be reached"
    async with SmtpServer(script={Step.BANNER: Say("554 5.7.1 Go away")}) as server:
        [found] = await probe_relays(replace(MAIL, transport=replace(gone, port=server.port)))
        assert found.message.endswith("refuses us: 554 5.7.1 Go away")
    maildir = Maildir(path=tmp_path / "mail")
    [found] = await probe_relays(replace(MAIL, transport=maildir))
    assert (found.grade, found.message) == (Grade.FINE, f"messages can be put into {maildir.path}")
    maildir.path.touch()
    [found] = await probe_relays(replace(MAIL, transport=maildir))
    assert (found.grade, found.message) == (Grade.WRONG, f"{maildir.path} cannot be written")
    assert "the user" in found.advice


async def test_a_store_is_looked_at_and_left_as_it_is(tmp_path: Path, store_url: str) -> None:
    [found] = await probe_store(some_settings(store_url, tmp_path))
    assert found.grade is Grade.FINE
    assert found.message.endswith(": in order")
    new = tmp_path / "new" / "store.db"
    [found] = await probe_store(some_settings(f"sqlite:///{new}", tmp_path))
    assert found.grade is Grade.FINE
    assert "not there yet" in found.message
    assert not new.parent.exists()


async def test_a_store_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    text, newer = tmp_path / "text.db", tmp_path / "newer.db"
    text.write_text("no database at all " * 100)
    with sqlite3.connect(newer) as connection:
        connection.execute("CREATE TABLE alembic_version_notifier (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version_notifier VALUES ('9999')")
    connection.close()
    for path, expected in ((text, "not a database"), (newer, "newer version of this program")):
        [found] = await probe_store(some_settings(f"sqlite:///{path}", tmp_path))
        assert found.grade is Grade.WRONG
        assert expected in found.message
        assert found.advice
    assert found.advice == "run that version, or restore a backup of before the upgrade"
    secret = "postgresql://me:hunter2@127.0.0.1:1/x"
    [found] = await probe_store(some_settings(secret, tmp_path))
    assert found.grade is Grade.WRONG
    assert "hunter2" not in str(found)


async def test_everything_is_asked_at_once(tmp_path: Path, store_url: str) -> None:
    async with DnsServer(IN_ORDER) as server, SmtpServer() as relay:
        way = replace(RELAY, host="127.0.0.1", port=relay.port, tls="none")
        settings = some_settings(store_url, tmp_path, mail=replace(MAIL, transport=way))
        found = await probe(settings, server.resolver())
    assert [one.topic for one in found] == ["store", "relay", "spf", "dkim", "dmarc", "mx"]
    assert {one.grade for one in found} == {Grade.FINE}
