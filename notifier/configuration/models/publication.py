"""The sections about the publication: who it is, where it is, where articles come from."""

from __future__ import annotations

from notifier.configuration.models.section import Section, setting
from notifier.configuration.models.values import (
    Destinations,
    Duration,
    FilePath,
    Filled,
    HostAndPort,
    Language,
    Line,
    Name,
    Networks,
    OperatorsToken,
    UpTo1000,
    WebAddress,
    Zone,
)


class SiteSection(Section):
    """The publication."""

    name: Filled = setting("the publication's name")
    url: WebAddress = setting(
        "its public address: in links, ids and for unsubscribing; `http` or `https`, without a"
        " query; a path such as in `https://example.org/news` is kept, a last slash is cut"
    )
    language: Language = setting("a language tag such as `en` or `pt-BR`", "en")
    timezone: Zone = setting(
        "a zone such as `Europe/Paris`: for sources, digests and readers that name none", "UTC"
    )
    description: Line = setting("one line", "")


class WebSection(Section):
    """The web server."""

    listen: HostAndPort = setting(
        'host and port; IPv6 in brackets and quotes: `"[::1]:8000"`', "127.0.0.1:8000"
    )
    trusted_proxies: Networks = setting(
        "addresses and networks, such as `[127.0.0.1, 10.0.0.0/8]`, of web servers in front: what"
        " their `X-Forwarded-For` and the like say is believed",
        (),
        said="none",
    )
    metrics: HostAndPort | None = setting(
        "host and port where operators ask for `/metrics`, `/livez` and `/readyz` without a token;"
        " reach it from your own network only",
        None,
        said="none",
    )
    token: OperatorsToken = setting(
        "opens `/metrics` at `listen`, as `Authorization: Bearer TOKEN`; at least 16 characters,"
        " better `${PAPERROUND_TOKEN}` than in clear",
        "",
        said="none: it is closed",
        secret=True,
    )


class WebSubSection(Section):
    """The hub."""

    allow: Destinations = setting(
        "hosts, addresses and networks that are called although they are not public",
        (),
        said="none",
    )
    lease: Duration | None = setting(
        "how long a subscription holds if the subscriber does not say",
        None,
        said="`10d`, within the next two",
    )
    shortest_lease: Duration = setting("the least that is granted", "1h")
    longest_lease: Duration = setting("the most that is granted", "30d")
    timeout: Duration = setting("how long a subscriber may take to answer", "10s")
    connections: UpTo1000 = setting("how many are called at once, from 1 to 1000", 32)


class SourceSection(Section):
    """A folder of documents."""

    folder: FilePath = setting("a folder of documents")
    name: Name = setting(
        "articles keep the name of their source for ever; two sources need two names",
        "",
        said="the folder's own",
    )
    language: Language = setting("of documents that name none", "")
    timezone: Zone = setting("of dates that name none", "", inherits="site.timezone")
