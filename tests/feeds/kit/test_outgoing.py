"""Requests of ours against a real server: what they carry, where they stop, what they refuse."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import trustme

from feeds.kit.outgoing import Answer, Failure, Outgoing
from tests.feeds.websub.builders import outgoing
from tests.feeds.websub.callback import Callback, Got, callback_server, response


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, str]:
    made, path = trustme.CA(), tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(str(path))
    return made, str(path)


@pytest.fixture
async def server() -> AsyncIterator[Callback]:
    async with callback_server() as made:
        yield made


@pytest.fixture
async def client(authority: tuple[trustme.CA, str]) -> AsyncIterator[Outgoing]:
    async with outgoing(ca_file=authority[1]) as made:
        yield made


def _always(answer: bytes, _: Got) -> bytes:
    return answer


def leads_to(*addresses: str) -> object:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


async def test_an_answer_has_status_headers_and_as_much_body_as_asked_for(
    server: Callback, client: Outgoing
) -> None:
    server.levers["/"] = lambda _: response(201, b"x" * 100_000, ETag='"1"')
    answer = await client.send("GET", server.url("/"), limit=10)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["etag"], answer.body) == (201, '"1"', b"x" * 10)


async def test_a_request_carries_what_it_must_and_nothing_more(
    server: Callback, client: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.levers["/"] = lambda _: response(204, Set_Cookie="a=b; Path=/")
    for _ in range(2):
        await client.send("POST", server.url("/"), headers={"X-One": "1"}, content=b"body")
    assert [set(got.headers) for got in server.got] == [
        {"host", "user-agent", "connection", "x-one", "content-length"}
    ] * 2
    assert server.got[0].headers["host"] == f"127.0.0.1:{server.port}"
    assert server.got[0].body == b"body"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "0.0.0.1"]
)
async def test_a_name_that_leads_inside_is_not_connected_to(
    server: Callback, authority: tuple[trustme.CA, str], address: str
) -> None:
    async with outgoing((), resolve=leads_to(address), ca_file=authority[1]) as client:
        answer = await client.send("GET", "http://innocent.example/")
    assert answer == Failure("innocent.example leads to an address that is not public", True)
    assert not server.got


async def test_a_name_with_one_address_inside_is_not_trusted_with_the_other(
    authority: tuple[trustme.CA, str],
) -> None:
    async with outgoing((), resolve=leads_to("8.8.8.8", "10.0.0.1"), ca_file=authority[1]) as made:
        answer = await made.send("GET", "http://both.example/")
    assert isinstance(answer, Failure)
    assert answer.refused


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    server: Callback, authority: tuple[trustme.CA, str]
) -> None:
    """DNS rebinding: a name that leads elsewhere each time is looked up once a connection."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with outgoing(["127.0.0.0/8"], resolve=rebinding, ca_file=authority[1]) as client:
        url = server.url("/", "localhost.localdomain")
        refused = await client.send("GET", url)
        assert isinstance(refused, Failure), "the port of an unlisted name"
        assert not asked
    async with outgoing(
        ["127.0.0.1", "127.0.0.2"], resolve=rebinding, ca_file=authority[1]
    ) as client:
        first = await client.send("GET", server.url("/", "127.0.0.2"))
        second = await client.send("GET", server.url("/", "127.0.0.2"))
    assert isinstance(first, Answer)
    assert isinstance(second, Failure)
    assert second.refused
    assert asked == ["127.0.0.2"] * 2
    assert len(server.got) == 1


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://inside.example/",
        "ftp://one.example/",
        "http://reader.example:25/",
        "http://user@one.example/",
    ],
)
async def test_every_redirect_is_checked(
    server: Callback, authority: tuple[trustme.CA, str], location: str
) -> None:
    server.levers["/"] = lambda _: response(307, Location=location)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["192.168.0.1" if host == "inside.example" else "127.0.0.1"]

    async with outgoing(resolve=resolve, ca_file=authority[1]) as client:
        answer = await client.send("GET", server.url("/"), redirects=3)
    assert isinstance(answer, Failure)
    assert answer.refused


async def test_a_host_without_an_address_is_told_in_our_words(
    authority: tuple[trustme.CA, str],
) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with outgoing(resolve=resolve, ca_file=authority[1]) as client:
        answer = await client.send("GET", "https://nowhere.example/")
    assert answer == Failure("no address is known for the host")


async def test_redirects_are_followed_as_far_as_asked_for(
    server: Callback, client: Outgoing
) -> None:
    server.levers["/1"] = lambda _: response(302, Location="/2?x#part")
    server.levers["/2"] = lambda _: response(308, Location=server.url("/3", "one.example"))
    for redirects, status in ((0, 302), (1, 308), (2, 200)):
        answer = await client.send("GET", server.url("/1"), redirects=redirects)
        assert isinstance(answer, Answer)
        assert answer.status == status


async def test_a_post_follows_only_redirects_that_repeat_it(
    server: Callback, client: Outgoing
) -> None:
    for status, followed in ((301, 0), (302, 0), (303, 0), (307, 1), (308, 1)):
        moved = response(status, Location="/b")
        server.levers["/a"] = partial(_always, moved)
        await client.send("POST", server.url("/a"), content=b"same", redirects=1)
        assert [got.body for got in server.posts("/b")] == [b"same"] * followed
        server.got.clear()


async def test_a_loop_of_redirects_ends(server: Callback, client: Outgoing) -> None:
    server.levers["/"] = lambda _: response(302, Location="/")
    answer = await client.send("GET", server.url("/"), redirects=5)
    assert isinstance(answer, Answer)
    assert len(server.got) == 6


async def test_silence_ends_at_the_deadline(server: Callback, client: Outgoing) -> None:
    server.levers["/"] = lambda _: None
    assert await client.send("GET", server.url("/"), seconds=0.05) == Failure(
        "no answer within 0.05 s"
    )


async def test_a_body_that_drips_for_ever_ends_at_the_deadline(
    server: Callback, client: Outgoing
) -> None:
    server.levers["/"] = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nx"
    answer = await client.send("GET", server.url("/"), limit=9999, seconds=0.2)
    assert isinstance(answer, Failure)


@pytest.mark.parametrize(
    "nonsense", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000]
)
async def test_what_is_no_http_is_a_failure(
    server: Callback, client: Outgoing, nonsense: bytes
) -> None:
    server.levers["/"] = lambda _: nonsense
    assert isinstance(await client.send("GET", server.url("/"), seconds=2), Failure)


async def test_a_look_up_that_hangs_ends_with_the_connection_deadline(
    authority: tuple[trustme.CA, str],
) -> None:
    async def hanging(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    async with outgoing(resolve=hanging, ca_file=authority[1], connect_seconds=0.05) as client:
        assert isinstance(await client.send("GET", "http://slow.example/"), Failure)


async def test_the_second_address_is_tried_when_the_first_does_not_answer(
    server: Callback, authority: tuple[trustme.CA, str]
) -> None:
    resolve = leads_to("127.0.0.3", "127.0.0.1")
    async with outgoing(["one.example"], resolve=resolve, ca_file=authority[1]) as client:
        answer = await client.send("GET", server.url("/", "one.example"))
    assert isinstance(answer, Answer)


async def test_a_name_that_is_none_is_a_failure(authority: tuple[trustme.CA, str]) -> None:
    async with outgoing(ca_file=authority[1], resolve=None) as client:
        for name in ("a" * 64 + ".invalid", "none.invalid"):
            answer = await client.send("GET", f"http://{name}/", seconds=5)
            assert isinstance(answer, Failure)
            assert not answer.refused


async def test_a_number_that_the_resolver_takes_for_an_address_leads_nowhere_inside(
    authority: tuple[trustme.CA, str],
) -> None:
    async with outgoing((), ca_file=authority[1], resolve=None) as client:
        for host in ("2130706433", "0x7f.1", "127.1", "0177.0.0.1"):
            answer = await client.send("GET", f"http://{host}/", seconds=5)
            assert isinstance(answer, Failure)
            assert answer.refused, (host, answer)


async def test_tls_is_verified_against_the_name_in_the_url(
    authority: tuple[trustme.CA, str],
) -> None:
    ca, ca_file = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("one.example").configure_cert(context)
    async with callback_server(context) as server, outgoing(ca_file=ca_file) as client:
        good = await client.send("GET", f"https://one.example:{server.port}/")
        bad = await client.send("GET", f"https://two.example:{server.port}/")
    assert isinstance(good, Answer)
    assert isinstance(bad, Failure)
    assert "certificate cannot be trusted" in bad.reason


async def test_a_certificate_of_nobody_we_know_is_refused(
    authority: tuple[trustme.CA, str],
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("one.example").configure_cert(context)
    async with callback_server(context) as server, outgoing(ca_file=authority[1]) as client:
        answer = await client.send("GET", f"https://one.example:{server.port}/")
    assert isinstance(answer, Failure)


async def test_a_redirect_from_https_to_http_is_not_followed(
    authority: tuple[trustme.CA, str],
) -> None:
    ca, ca_file = authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("one.example").configure_cert(context)
    async with callback_server(context) as server, outgoing(ca_file=ca_file) as client:
        server.levers["/"] = lambda _: response(302, Location="http://one.example/")
        answer = await client.send("GET", f"https://one.example:{server.port}/", redirects=1)
    assert isinstance(answer, Failure)
    assert answer.refused


async def test_nobody_at_home_is_a_failure(client: Outgoing, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    answer = await client.send("GET", f"http://127.0.0.1:{port}/secret-path")
    assert isinstance(answer, Failure)
    assert "secret-path" not in answer.reason
