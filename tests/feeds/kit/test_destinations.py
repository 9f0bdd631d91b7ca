"""Where our requests may go: nowhere inside, however it is written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.kit.destinations import NotAllowed, Reach, Target, is_public, target
from tests.laws import law

FORBIDDEN = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.1.2.3 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255
192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1
198.19.255.255 198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe
64:ff9b:1::8.8.8.8 100::1 2001::1 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1
2001:db8::1 2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fdff::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1 2620:4f:8000::1
2606:4700::1%eth0
"""

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
168.63.129.17 169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255
198.17.255.255 198.20.0.0 223.255.255.255 2001:200::1 2001:4860:4860::8888 2606:4700::1111
2a00::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8
"""


@pytest.mark.parametrize("address", str.split(FORBIDDEN))
def test_what_is_not_for_everybody_is_forbidden(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", str.split(PUBLIC))
def test_what_is_public_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@law(60)
@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_nothing_that_python_calls_private_is_public(address: IPv4Address) -> None:
    inside = address.is_private or address.is_multicast or address.is_reserved
    inside = inside or address.is_link_local or address.is_loopback or address.is_unspecified
    assert not (inside and is_public(address))


@law(60)
@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_nothing_that_python_calls_private_in_ipv6_is_public(address: IPv6Address) -> None:
    inside = not address.is_global or address.is_multicast or address.is_site_local
    if address.ipv4_mapped is None:
        assert not (inside and is_public(address))


@law(50)
@given(st.integers(0, 2**32 - 1))
def test_ipv4_in_ipv6_is_as_public_as_by_itself_and_never_more(number: int) -> None:
    plain = is_public(IPv4Address(number))
    assert is_public(IPv6Address((0xFFFF << 32) | number)) is plain
    assert is_public(IPv6Address((0x64FF9B << 96) | number)) is plain
    for prefix in (0, 0x2002 << 112 >> 32 << 32, 0x20010000 << 96):
        assert not is_public(IPv6Address(prefix | number))
    assert not is_public(IPv6Address((0x2002 << 112) | (number << 80)))


def test_a_url_is_taken_apart_exactly() -> None:
    assert target("https://Reader.Example/a%20b?c=d&e") == Target(
        "https", "reader.example", 443, "/a%20b?c=d&e"
    )
    assert target("HTTP://[2606:4700::1]:8080?q").authority == "[2606:4700::1]:8080"
    assert target("http://reader.example").path == "/"
    assert target("http://reader.example?q").path == "/?q"
    assert target("http://reader.example:80/").authority == "reader.example"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "reader.example/cb",
        "//reader.example/cb",
        "ftp://reader.example/",
        "file:///etc/passwd",
        "gopher://reader.example/",
        "javascript:alert(1)",
        "http:///cb",
        "http://",
        "http://?q",
        "http://:80/",
        "http://a b/",
        "http://reader.example/\r\nX: y",
        "http://reader.example/\n",
        "http://reader.example\\@10.0.0.1/",
        "http://user@reader.example/",
        "http://user:word@reader.example/",
        "http://reader.example@10.0.0.1/",
        "http://reader.example/#part",
        "http://reader.example:0/",
        "http://reader.example:65536/",
        "http://reader.example:8o/",
        "http://reader.example:-1/",
        "http://%31%30.0.0.1/",
        "http://１２７.0.0.1/",
        "http://bücher.example/",
        "http://.example/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://reader.example/%zz",
        "http://reader.example/" + "a" * 2_000,
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        target(url)
    assert "word" not in str(refused.value).removeprefix("a URL with a user name or password")


@law(50)
@given(st.text(max_size=40), st.sampled_from(["", "http://", "https://", "http://a."]))
def test_no_text_whatever_breaks_the_reading(text: str, start: str) -> None:
    try:
        found = target(start + text)
    except NotAllowed:
        return
    assert found.host
    assert found.path.isprintable()


@pytest.mark.parametrize("port", [80, 443, 8000, 8080, 8443, 8999])
def test_ports_of_the_web_are_open(port: int) -> None:
    Reach().check_target(target(f"http://reader.example:{port}/"))


@pytest.mark.parametrize("port", [1, 22, 25, 53, 81, 587, 5432, 6379, 7999, 9000, 11211])
def test_other_ports_are_not(port: int) -> None:
    with pytest.raises(NotAllowed, match=str(port)):
        Reach().check_target(target(f"http://reader.example:{port}/"))
    Reach.allowing(["reader.example"]).check_target(target(f"http://reader.example:{port}/"))


def test_a_literal_address_is_judged_at_once() -> None:
    for host in ("127.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"):
        with pytest.raises(NotAllowed, match="not public"):
            Reach().check_target(target(f"http://{host}/"))


def test_an_exception_is_no_wider_than_it_says() -> None:
    reach = Reach.allowing(["10.1.0.0/16", "fd00::/64", "[::1]", "Hooks.Internal."])
    reach.check_address("any.example", ip_address("10.1.2.3"))
    reach.check_address("any.example", ip_address("::ffff:10.1.2.3"))
    reach.check_address("any.example", ip_address("fd00::9"))
    reach.check_address("any.example", ip_address("::1"))
    reach.check_address("hooks.internal", ip_address("192.168.0.1"))
    for host, address in (
        ("any.example", "10.2.0.1"),
        ("any.example", "fd00:1::9"),
        ("any.example", "127.0.0.1"),
        ("a.hooks.internal", "192.168.0.1"),
        ("hooks.internal.example", "192.168.0.1"),
    ):
        with pytest.raises(NotAllowed):
            reach.check_address(host, ip_address(address))
    with pytest.raises(NotAllowed):
        reach.check_target(target("http://any.example:2525/"))


@pytest.mark.parametrize("entry", ["", "10.0.0.1/8", "10.0.0", "http://a.example", "a b", "*.x.y"])
def test_an_exception_that_is_none_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a host name"):
        Reach.allowing([entry])
