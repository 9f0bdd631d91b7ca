"""Brings a configuration of an older version up to date: what was called otherwise then.

Each step takes a file from one version to the next, and says what it changed. A file holds some
sections of a configuration; a step changes what it finds. Pure, but for the files it is given.

Version 0 is that of the drafts before the first release. In it
- `name`, `url`, `language`, `timezone` and `description` stood at the top, not in `site`;
- `store` was called `database`;
- a digest had `at` and, if it was not for every day, `days` instead of `schedule`;
- a reader had `lists` instead of `digests`;
- `smtp` with `host`, `port`, `user`, `password`, `from` and `tls` (`true`) stood for `mail`.
"""

from __future__ import annotations

from collections.abc import Iterator

from notifier.configuration.rewriting import Map, Step, fold, insert, move, new_map, rewritten
from notifier.configuration.version import VERSION

_SITE = ("name", "url", "language", "timezone", "description")


def _from_0(root: Map) -> Iterator[str]:
    yield from _site(root)
    if "database" in root and "store" not in root:
        fold(root, ["database"], "store", root["database"])
        yield "`database` is called `store`"
    for name, digest in _maps(root.get("digests")):
        change = _schedule(name, digest)
        if change:
            yield change
    readers = root.get("subscribers")
    for reader in readers if isinstance(readers, list) else ():
        if isinstance(reader, dict) and "lists" in reader and "digests" not in reader:
            fold(reader, ["lists"], "digests", reader["lists"])
            yield f"`lists` of {reader.get('email', 'a reader')} are called `digests`"
    smtp = root.get("smtp")
    if isinstance(smtp, dict) and "mail" not in root:
        yield from _mail(root, smtp)
    if root.get("version") == 0:
        root["version"] = 1
        yield "`version` is 1"


def _site(root: Map) -> Iterator[str]:
    keys = [key for key in root if key in _SITE]
    if keys and "site" not in root:
        insert(root, list(root).index(keys[0]), "site", new_map(root))
    site = root.get("site")
    for key in keys:
        if isinstance(site, dict) and key not in site:
            move(root, key, site)
            yield f"`{key}` stands in `site`"


def _schedule(name: str, digest: Map) -> str | None:
    if "schedule" in digest or not isinstance(digest.get("at"), str):
        return None
    days = digest.get("days", "day")
    listed = ", ".join(map(str, days)) if isinstance(days, list) else days
    schedule = f"every {listed} at {digest['at']}"
    fold(digest, [key for key in ("days", "at") if key in digest], "schedule", schedule)
    return f"the digest `{name}` has the schedule `{schedule}`"


def _mail(root: Map, smtp: Map) -> Iterator[str]:
    fold(root, ["smtp"], "mail", smtp)
    yield "`smtp` is called `mail`"
    if isinstance(smtp.get("host"), str):
        scheme = "smtps" if smtp.get("tls") is True else "smtp"
        login = f"{smtp['user']}@" if smtp.get("user") else ""
        port = f":{smtp['port']}" if smtp.get("port") else ""
        address = f"{scheme}://{login}{smtp['host']}{port}"
        keys = [key for key in ("host", "port", "user", "tls") if key in smtp]
        fold(smtp, keys, "transport", address)
        yield f"the way out is `{address}`"


def _maps(value: object) -> Iterator[tuple[str, Map]]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        if isinstance(inner, dict):
            yield str(name), inner


STEPS: dict[int, Step] = {0: _from_0}


def migrated(text: str, version: int) -> tuple[str, tuple[str, ...]]:
    """Return `text`, a file of a configuration of `version`, as it is written today.

    And what was changed, in words. CannotRewrite where that would lose something.
    """
    return rewritten(text, [STEPS[step] for step in range(version, VERSION)])
