"""The shape of the configuration: which keys a section has and what kind of value each takes.

Refuses unknown keys and wrong kinds. What one part says about another (a digest that names a
feed) is checked elsewhere. `docs/configuration.md` is the reference for operators.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from feeds import Body
from feeds.kit.text import normalised_phrase
from notifier.configuration import network, scalars, times
from notifier.configuration.transport import (
    Transport,
    mail_domain,
    rate,
    selector,
    store,
    transport,
)
from notifier.digest.spec import Welcome
from notifier.schedule.language import Schedule
from notifier.settings import DkimProfile


class Section(BaseModel):
    """A map with known keys.

    `stand_in` has values for required keys, with which the rest of a broken section is looked at.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    stand_in: ClassVar[dict[str, object]] = {}


def _phrase(value: object) -> str:
    phrase = scalars.filled(value)
    if not normalised_phrase(phrase):
        message = f"`{phrase[:60]}` has no letter or digit, so it is never found"
        scalars.wrong(message, kind="a word")
    return phrase


def _many(value: object) -> object:
    """One value is a list of one; an empty list says neither everything nor nothing."""
    if isinstance(value, list) and not value:
        scalars.wrong("this list is empty", hint="leave the key out to admit everything")
    return [scalars.text(value)] if not isinstance(value, list) else value


def _several(value: object) -> object:
    """One value is a list of one."""
    return [scalars.text(value)] if not isinstance(value, list) else value


def _by_name(value: object) -> object:
    """`[morning, weekly]` is short for `{morning: {}, weekly: {}}`."""
    if isinstance(value, dict):
        return {name: {} if inner is None else inner for name, inner in value.items()}
    if isinstance(value, list):
        return {scalars.text(name): {} for name in value}
    return {scalars.text(value): {}}


def _ways(value: object) -> object:
    """One way out is a list of one; an address alone has nothing of its own."""
    if isinstance(value, list) and not value:
        scalars.wrong("this list is empty", kind="a way out for mail")
    found = value if isinstance(value, list) else [scalars.text(value)]
    return [one if isinstance(one, dict) else {"address": scalars.text(one)} for one in found]


def _bounces(value: object) -> object:
    """One address is that of all messages."""
    return value if isinstance(value, dict) else {"address": scalars.text(value)}


Text = Annotated[str, PlainValidator(scalars.text)]
Line = Annotated[str, PlainValidator(scalars.line)]
Filled = Annotated[str, PlainValidator(scalars.filled)]
FilePath = Annotated[str, PlainValidator(scalars.file_path)]
Name = Annotated[str, PlainValidator(scalars.name)]
Zone = Annotated[str, PlainValidator(scalars.zone)]
DigestZone = Annotated[str, PlainValidator(scalars.digest_zone)]
Language = Annotated[str, PlainValidator(scalars.language)]
ScheduleText = Annotated[Schedule, PlainValidator(scalars.schedule)]
Address = Annotated[str, PlainValidator(scalars.address)]
Mailbox = Annotated[tuple[str, str], PlainValidator(scalars.mailbox)]
MailDomain = Annotated[str, PlainValidator(mail_domain)]
Selector = Annotated[str, PlainValidator(selector)]
WebAddress = Annotated[str, PlainValidator(network.web_address)]
HostAndPort = Annotated[tuple[str, int], PlainValidator(network.listen)]
Duration = Annotated[timedelta, PlainValidator(scalars.duration)]
Rate = Annotated[float, PlainValidator(rate)]
TransportAddress = Annotated[Transport, PlainValidator(transport)]
StoreAddress = Annotated[str, PlainValidator(store)]
Many = Annotated[tuple[Filled, ...], BeforeValidator(_many)]
ManyLanguages = Annotated[tuple[Language, ...], BeforeValidator(_many)]
OldNames = Annotated[
    tuple[Annotated[str, PlainValidator(scalars.old_name)], ...], BeforeValidator(_several)
]
Networks = Annotated[
    tuple[Annotated[str, PlainValidator(network.network)], ...], BeforeValidator(_several)
]
Destinations = Annotated[
    tuple[Annotated[str, PlainValidator(network.destination)], ...], BeforeValidator(_several)
]
Phrases = Annotated[tuple[Annotated[str, PlainValidator(_phrase)], ...], BeforeValidator(_many)]

Day = Annotated[date, PlainValidator(times.day)]
Hold = Annotated[timedelta, PlainValidator(times.hold)]
Hours = Annotated[frozenset[int], PlainValidator(times.hours)]
Schedules = Annotated[tuple[ScheduleText, ...], BeforeValidator(_several)]

Items = Annotated[int, PlainValidator(scalars.count(1, 500))]
Content = Annotated[str, PlainValidator(scalars.one_of(*Body))]


class SiteSection(Section):
    """The publication."""

    name: Filled
    url: WebAddress
    language: Language = "en"
    timezone: Zone = "UTC"
    description: Line = ""


class WebSection(Section):
    """The web server."""

    listen: HostAndPort = ("127.0.0.1", 8000)
    trusted_proxies: Networks = ()


class WebSubSection(Section):
    """The hub."""

    allow: Destinations = ()
    lease: Duration | None = None
    shortest_lease: Duration = timedelta(hours=1)
    longest_lease: Duration = timedelta(days=30)
    timeout: Duration = timedelta(seconds=10)
    connections: Annotated[int, PlainValidator(scalars.count(1, 1000))] = 32


class SourceSection(Section):
    """A folder of documents."""

    folder: FilePath
    name: Name = ""
    language: Language = ""
    timezone: Zone = ""


class Selection(Section):
    """Which articles: within a key any of, across keys all of."""

    sections: Many = ()
    tags: Many = ()
    authors: Many = ()
    sources: Many = ()
    languages: ManyLanguages = ()
    words: Phrases = ()
    not_: Selection | None = Field(default=None, alias="not")
    any: tuple[Selection, ...] = ()


class FeedSection(Section):
    """A feed."""

    title: Filled = ""
    description: Line = ""
    select: Selection = Selection()
    words: Phrases = ()
    feeds: Many = ()
    language: Language = ""
    items: Items = 50
    content: Content = Body.FULL
    was: OldNames = ()


class ForEachSection(Section):
    """A feed for each value of a kind."""

    title: Filled = "{name}"
    items: Items = 50
    content: Content = Body.FULL


class TopicSection(Section):
    """A part of a digest that a reader may pick."""

    title: Filled = ""
    select: Selection


class ArticlesSection(Section):
    """How many articles an issue has."""

    min: Annotated[int, PlainValidator(scalars.count(1, 1000))] = 1
    max: Annotated[int, PlainValidator(scalars.count(1, 1000))] = 20
    longest_wait: Duration | None = None
    fuse: Annotated[int, PlainValidator(scalars.count(1, 1_000_000))] | None = None


class ChoicesSection(Section):
    """The schedules among which readers may choose."""

    schedules: Schedules = ()
    hours: Hours = frozenset()


class DigestSection(Section):
    """A digest."""

    stand_in: ClassVar[dict[str, object]] = {"schedule": "at once"}

    schedule: ScheduleText
    title: Filled = ""
    description: Line = ""
    select: Selection = Selection()
    feeds: Many = ()
    timezone: DigestZone = ""
    language: Language = ""
    subject: Filled = "{{ site.name }}: {{ articles[0].title }}"
    template: Name = "digest"
    articles: ArticlesSection = ArticlesSection()
    welcome: Annotated[str, PlainValidator(scalars.one_of(*Welcome))] = Welcome.PERIOD
    topics: dict[Name, TopicSection] = {}
    choices: ChoicesSection | None = None
    hold: Hold = timedelta(minutes=2)
    limit: Annotated[int, PlainValidator(scalars.count(1, 1000))] = 6
    late: Duration | None = None
    expires: Duration | None = None


class ChoiceSection(Section):
    """How one reader wants one digest."""

    topics: Many = ()
    words: Phrases = ()
    schedule: ScheduleText | None = None
    pause_until: Day | None = None


class SubscriberSection(Section):
    """A reader."""

    stand_in: ClassVar[dict[str, object]] = {"email": "nobody@reader.example"}

    email: Address
    name: Line = ""
    digests: Annotated[dict[str, ChoiceSection], BeforeValidator(_by_name)] = {}
    timezone: Zone = ""
    language: Language = ""
    pause_until: Day | None = None


class DkimKeySection(Section):
    """A key that signs messages."""

    selector: Selector
    key: Text = Field(repr=False)


class DkimSection(Section):
    """How messages are signed."""

    domain: MailDomain = ""
    selector: Selector = ""
    key: Text = Field(default="", repr=False)
    also: DkimKeySection | None = None
    profile: Annotated[str, PlainValidator(scalars.one_of(*DkimProfile))] = DkimProfile.OURS


class BouncesSection(Section):
    """Where failures are reported."""

    address: Address = ""
    domain: MailDomain = ""
    unsubscribe: Annotated[bool, PlainValidator(scalars.truth)] = False


class ReturnsSection(Section):
    """Where what comes back is read."""

    maildir: FilePath


Connections = Annotated[int, PlainValidator(scalars.count(1, 100))]
MessagesPerConnection = Annotated[int, PlainValidator(scalars.count(1, 1_000_000))]


class WaySection(Section):
    """A way out, and what it has of its own."""

    stand_in: ClassVar[dict[str, object]] = {"address": "maildir:mail"}

    address: TransportAddress
    password: Text | None = Field(default=None, repr=False)
    ca_file: FilePath = ""
    connections: Connections | None = None
    messages_per_connection: MessagesPerConnection | None = None
    rate: Rate = 0.0
    warm_up: Rate = 0.0
    timeout: Duration | None = None


class MailSection(Section):
    """How messages leave."""

    from_: Mailbox = Field(alias="from")
    transport: Annotated[tuple[WaySection, ...], BeforeValidator(_ways)]
    password: Text = Field(default="", repr=False)
    reply_to: Address = ""
    bounces: Annotated[BouncesSection, BeforeValidator(_bounces)] = BouncesSection()
    dkim: DkimSection | None = None
    returns: ReturnsSection | None = None
    ca_file: FilePath = ""
    in_doubt: Annotated[str, PlainValidator(scalars.one_of("resend", "hold"))] = "resend"
    connections: Connections = 4
    messages_per_connection: MessagesPerConnection = 100
    rate: Rate = 0.0
    warm_up: Rate = 0.0
    timeout: Duration = timedelta(seconds=60)
