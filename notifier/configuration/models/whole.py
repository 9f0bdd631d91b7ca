"""The configuration as a whole: which sections there are.

Its parts are checked one by one, each where it stands; this is what editors and the reference are
told of it. No section is required, for a configuration may be spread over several files.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import WithJsonSchema

from notifier.configuration.models.digests import DigestSection
from notifier.configuration.models.feeds import FeedSection, ForEachSection
from notifier.configuration.models.mail import MailSection
from notifier.configuration.models.publication import (
    SiteSection,
    SourceSection,
    WebSection,
    WebSubSection,
)
from notifier.configuration.models.readers import SubscriberSection
from notifier.configuration.models.section import Section, setting
from notifier.configuration.models.values import (
    Duration,
    FilePath,
    HubAddress,
    KindWord,
    Name,
    OldName,
    StoreAddress,
)
from notifier.configuration.version import VERSION


class Configuration(Section):
    """The configuration of Paperround."""

    version: Annotated[int, WithJsonSchema({"const": VERSION})] = setting(
        f"`{VERSION}`; once is enough, each file may say it", None, said="required"
    )
    site: SiteSection | None = setting("the publication", None, said="required")
    store: StoreAddress | None = setting(
        "`sqlite:///PATH` (a file; relative to this file, or absolute with four slashes) or"
        " `postgresql://USER@HOST/NAME`",
        None,
        said="required",
    )
    web: WebSection | None = setting("the web server", {})
    sources: list[SourceSection] | None = setting(
        "where articles come from, a list", None, said="none"
    )
    feeds: dict[Name, FeedSection | None] | None = setting("feeds by name", None, said="none")
    feeds_for_each: KindWord | list[KindWord] | dict[KindWord, ForEachSection | None] | None = (
        setting("a feed for each tag, section, author or source", None, said="none")
    )
    gone: OldName | list[OldName] | None = setting(
        "names of feeds that will not come back: their addresses answer 410, and readers'"
        " programs stop asking",
        None,
        said="none",
    )
    hubs: HubAddress | list[HubAddress] | None = setting(
        "WebSub hubs of others that are told of changes, a list of addresses; then our own is not"
        " offered",
        None,
        said="none",
    )
    websub: bool | WebSubSection | None = setting(
        "our own hub; `false` switches it off", None, said="on"
    )
    digests: dict[Name, DigestSection] | None = setting("digests by name", None, said="none")
    subscribers: list[SubscriberSection] | None = setting("readers, a list", None, said="none")
    subscribers_file: FilePath | None = setting("readers as CSV, for long lists", None, said="none")
    mail: MailSection | None = setting("how messages leave", None, said="required with digests")
    watch: Duration | None = setting("how often sources and store are looked at", "2s")
    grace: Duration | None = setting(
        "how long messages in flight may take when the service stops", "30s"
    )
