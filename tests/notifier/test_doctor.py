"""The doctor finds what is wrong with what the service stands on, and changes nothing."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from feeds.kit.destinations import Reach
from feeds.kit.outgoing import Outgoing
from notifier import doctor
from notifier.deliverability.finding import Finding, Grade
from notifier.mailing import deliver, open_due
from notifier.service.listening import Web, plain_settings
from notifier.service.public import web_of
from notifier.settings import FolderSource, Settings, SmtpRelay
from notifier.subscribing import reconcile
from tests.conftest import NOW
from tests.feeds.builders import a_site
from tests.notifier.builders import a_house, some_settings
from tests.notifier.test_mailing import SLOT, START, write


def graded(findings: list[Finding]) -> list[tuple[str, Grade]]:
    assert all(bool(one.advice) is (one.grade is not Grade.FINE) for one in findings)
    return [(one.topic, one.grade) for one in findings]


@pytest.fixture
def settings(sqlite_tables: Path, tmp_path: Path) -> Settings:
    shutil.copy(sqlite_tables, tmp_path / "store.db")
    return some_settings(f"sqlite:///{tmp_path / 'store.db'}", tmp_path)


async def send_one(settings: Settings) -> None:
    async with a_house(settings, START) as house:
        await reconcile(settings, house.places, house.store, START)
        await write(house, "a", now=START)
        await open_due(house.desk(), SLOT)
        await deliver(house.sender(), lambda: SLOT, asyncio.Event())


async def test_a_store_in_order_is_whole_and_quiet(settings: Settings) -> None:
    await send_one(settings)
    found, last = await doctor.look_at_store(settings, SLOT)
    assert last == SLOT
    assert {grade for _, grade in graded(found)} == {Grade.FINE}
    assert {topic for topic, _ in graded(found)} >= {"store", "deliveries"}


async def test_a_store_that_everybody_can_read_is_told(settings: Settings) -> None:
    file = settings.store_file
    assert file is not None
    file.chmod(0o644)
    found, _ = await doctor.look_at_store(settings, SLOT)
    [told] = [one for one in found if one.grade is Grade.DOUBTFUL]
    assert "can be read by everybody" in told.message
    assert told.advice.startswith(f"chmod o-rwx {file}")


async def test_what_is_in_doubt_or_under_way_for_long_is_told(settings: Settings) -> None:
    await send_one(settings)
    async with a_house(settings, SLOT) as house, house.database.write() as connection:
        await connection.exec_driver_sql("UPDATE deliveries SET state = 'in_doubt'")
        await connection.exec_driver_sql("UPDATE issues SET state = 'open'")
    found, _ = await doctor.look_at_store(settings, SLOT + timedelta(hours=7))
    words = [one.message for one in found if one.grade is Grade.DOUBTFUL]
    assert words[0].startswith("1 deliveries are in doubt")
    assert words[1] == "1 issues are under way, the oldest for 7 hours"


async def test_a_damaged_store_is_a_problem_and_not_an_error(settings: Settings) -> None:
    await send_one(settings)
    file = settings.store_file
    assert file is not None
    content = bytearray(file.read_bytes())
    for page in range(4, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"x" * 64
    file.write_bytes(content)
    found, _ = await doctor.look_at_store(settings, SLOT)
    assert ("store", Grade.WRONG) in graded(found)


async def test_a_store_that_is_not_there_yet_is_made_by_nobody(tmp_path: Path) -> None:
    settings = some_settings(f"sqlite:///{tmp_path / 'none.db'}", tmp_path)
    assert await doctor.look_at_store(settings, SLOT) == ([], None)
    assert not (tmp_path / "none.db").exists()


def test_a_clock_that_has_gone_back_is_a_problem(tmp_path: Path) -> None:
    behind = doctor.look_at_clock(NOW, NOW + timedelta(hours=1), tmp_path)
    assert (behind.grade, "1:00:00 behind" in behind.message) == (Grade.WRONG, True)
    assert doctor.look_at_clock(NOW, NOW, tmp_path).grade is Grade.FINE
    assert doctor.look_at_clock(NOW, NOW, tmp_path / "nothing").grade is Grade.UNKNOWN


@pytest.mark.parametrize(
    ("version", "grade"), [("2019a", Grade.DOUBTFUL), ("2999a", Grade.FINE), (None, Grade.FINE)]
)
def test_zones_of_the_system_that_are_older_than_ours_are_told(
    tmp_path: Path, version: str | None, grade: Grade
) -> None:
    if version:
        (tmp_path / "tzdata.zi").write_text(f"# version {version}\n", encoding="utf-8")
    assert doctor.look_at_zones([str(tmp_path)]).grade is grade


def test_files_with_secrets_that_anybody_may_read_are_a_problem(tmp_path: Path) -> None:
    main, key = tmp_path / "paperround.yaml", tmp_path / "dkim.pem"
    main.write_text('key: "${file:dkim.pem}"\npassword: hunter22\n', encoding="utf-8")
    key.write_text("a key", encoding="utf-8")
    main.chmod(0o644)
    key.chmod(0o604)
    wrong = [*doctor.look_at_secrets([main], ["hunter22"])]
    assert [one.advice for one in wrong] == [f"chmod o-rwx {main}", f"chmod o-rwx {key}"]
    assert not any("hunter22" in one.message for one in wrong)
    for file in (main, key):
        file.chmod(0o640)
    [fine] = doctor.look_at_secrets([main], ["hunter22"])
    assert fine.grade is Grade.FINE


def test_a_folder_is_told_with_its_room_though_it_is_not_there_yet(tmp_path: Path) -> None:
    [found] = doctor.look_at_disk([("the store", tmp_path / "data" / "deep")])
    assert (found.topic, "GiB of room" in found.message) == ("disk", True)


async def test_a_source_that_is_missing_empty_or_read_is_told_apart(tmp_path: Path) -> None:
    for name in ("empty", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "a.md").write_text("# A\n", encoding="utf-8")
    sources = [FolderSource(name=n, folder=tmp_path / n) for n in ("missing", "empty", "full")]
    found = await doctor.look_at_sources(sources, NOW)
    assert [one.grade for one in found] == [Grade.WRONG, Grade.DOUBTFUL, Grade.FINE]


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        web = Web(plain_settings(app))
        task = asyncio.create_task(web.serve(sockets=[listener]))
        await web.up.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            web.should_exit = True
            await task


async def look(url: str, now: datetime | None = None) -> list[Finding]:
    outgoing = Outgoing("test", Reach.allowing(["127.0.0.1"]))
    try:
        return await doctor.look_at_site(
            replace(a_site(), url=url), outgoing, now or datetime.now(UTC)
        )
    finally:
        await outgoing.close()


async def test_leaving_comes_through_and_the_question_changes_nothing(settings: Settings) -> None:
    await send_one(settings)
    async with a_house(settings, START) as house:
        _, app = web_of(house)
        before = await house.roster.count(), await house.ledger.books()
        async with serving(app) as url:
            found = await look(url)
        assert (await house.roster.count(), await house.ledger.books()) == before
    assert graded(found) == [("site", Grade.FINE), ("site", Grade.DOUBTFUL)]
    assert "not https" in found[1].message


def elsewhere(_: object) -> Response:
    return RedirectResponse("https://www.example.org/u/x", 301)


def anything(_: object) -> Response:
    return PlainTextResponse("Welcome!")


@pytest.mark.parametrize(
    ("answer", "words"), [(elsewhere, "redirects to"), (anything, "does not come through")]
)
async def test_a_server_in_front_that_answers_by_itself_is_a_problem(
    answer: Callable[[object], Response], words: str
) -> None:
    routes = [Route("/u/{token}", answer, methods=["POST"])]
    async with serving(Starlette(routes=routes)) as url:
        found = await look(url, datetime.now(UTC) + timedelta(hours=1))
    assert (found[0].grade, words in found[0].message) == (Grade.WRONG, True)
    assert ("clock", Grade.DOUBTFUL) in graded(found)


async def test_without_a_network_nothing_is_said_to_be_wrong() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert graded(await look(f"http://127.0.0.1:{port}")) == [("site", Grade.UNKNOWN)]
    relay = SmtpRelay(host="127.0.0.1", port=port, tls="starttls")
    found = await doctor.look_at_certificates(a_site(url="http://127.0.0.1"), [relay], NOW)
    assert graded(found) == [("certificate", Grade.UNKNOWN)]
    away = await doctor.look_at_certificates(a_site(url="https://news.invalid"), [], NOW)
    assert all("Errno" not in one.message for one in [*found, *away])
    assert "no address is known" in away[0].message


@asynccontextmanager
async def a_tls_server(days: int, folder: Path) -> AsyncIterator[SmtpRelay]:
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    expires = datetime.now(UTC) + timedelta(days=days, hours=1)
    authority.issue_cert("localhost", not_after=expires).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield SmtpRelay(host="localhost", port=port, tls="implicit", ca_file=str(folder / "ca.pem"))


@pytest.mark.parametrize(("days", "grade"), [(5, Grade.DOUBTFUL), (60, Grade.FINE)])
async def test_a_certificate_that_ends_soon_is_told(
    tmp_path: Path, days: int, grade: Grade
) -> None:
    site, now = a_site(url="http://127.0.0.1"), datetime.now(UTC)
    async with a_tls_server(days, tmp_path) as relay:
        [found] = await doctor.look_at_certificates(site, [relay], now)
        [stranger] = await doctor.look_at_certificates(site, [replace(relay, ca_file="")], now)
    assert (found.grade, f"{days} days" in found.message) == (grade, True)
    assert (stranger.grade, "not good" in stranger.message) == (Grade.WRONG, True)
