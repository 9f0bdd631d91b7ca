"""The kinds of single values: how each is checked, and what an editor may know of it beforehand.

The forms for editors are looser than the checks, never stricter: what `check` accepts, an editor
must not underline. No `format` is used, for editors disagree about what formats mean.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, JsonValue, PlainValidator, WithJsonSchema

from feeds import Body, Kind
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

JsonDict = dict[str, JsonValue]

_PUT_IN = r"\$\{"  # what a reference stands for, nobody knows beforehand
_REFERENCE: JsonDict = {"type": "string", "pattern": _PUT_IN}
_PLAIN = r"[^\u0000-\u001f]"
_FILLED = rf"\s*[^\s\u0000-\u001f]({_PLAIN}*)\s*"
_SPAN = r"\s*[0-9]{1,9}(\.[0-9]{1,6})?\s*[a-z]*\s*"


def _written(pattern: str = "", *examples: str) -> WithJsonSchema:
    """Text of the form `pattern`, which must match all of it."""
    form: JsonDict = {"type": "string"}
    if pattern:
        form["pattern"] = f"^({pattern})$|{_PUT_IN}"
    if examples:
        form["examples"] = list[JsonValue](examples)
    return WithJsonSchema(form)


def _any_of(*forms: JsonDict) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [*forms, _REFERENCE]})


def _choice(*allowed: str) -> WithJsonSchema:
    return _any_of({"enum": list[JsonValue](allowed)})


def _number(low: int, high: int) -> WithJsonSchema:
    digits: JsonDict = {"type": "string", "pattern": "^[0-9]{1,11}$"}
    return _any_of({"type": "integer", "minimum": low, "maximum": high}, digits)


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


def _count(low: int, high: int) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(scalars.count(low, high)), _number(low, high)


Text = Annotated[str, PlainValidator(scalars.text), _written()]
Line = Annotated[str, PlainValidator(scalars.line), _written(rf"\s*({_PLAIN}*)\s*")]
Filled = Annotated[str, PlainValidator(scalars.filled), _written(_FILLED)]
FilePath = Annotated[str, PlainValidator(scalars.file_path), _written(f"{_PLAIN}+")]
Name = Annotated[str, PlainValidator(scalars.name), _written("[a-z0-9][a-z0-9._-]{0,59}")]
OldName = Annotated[str, PlainValidator(scalars.old_name), _written(r"[^\s_.-].{0,119}")]
Zone = Annotated[
    str,
    PlainValidator(scalars.zone),
    _written("[A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", "Europe/Paris", "America/New_York", "UTC"),
]
DigestZone = Annotated[
    str,
    PlainValidator(scalars.digest_zone),
    _written("[A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", "subscriber", "Europe/Paris"),
]
Language = Annotated[
    str,
    PlainValidator(scalars.language),
    _written("([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?", "en", "pt-BR"),
]
ScheduleText = Annotated[
    Schedule,
    PlainValidator(scalars.schedule),
    _written(
        r"\s*([Ee][Vv][Ee][Rr][Yy]|[Oo][Nn]|[Aa][Tt]|[Cc][Rr][Oo][Nn])\s.*",
        "every weekday at 07:30",
        "every monday, thursday at 07:30 and 18:00",
        "every 15 minutes",
        "on day 1 of every month at 09:00",
        "on the last friday of every month at 16:00",
        "at once",
        "cron 30 7 * * mon-fri",
    ),
]
Address = Annotated[
    str, PlainValidator(scalars.address), _written(".*@.*", "first@readers.example")
]
Mailbox = Annotated[
    tuple[str, str],
    PlainValidator(scalars.mailbox),
    _written(".*@.*", "Riverside Courier <news@example.org>"),
]
MailDomain = Annotated[str, PlainValidator(mail_domain), _written(r"\s*[^\s@]+\s*", "example.org")]
Selector = Annotated[
    str, PlainValidator(selector), _written(r"\s*[A-Za-z0-9]([A-Za-z0-9.-]*)\s*", "p202611")
]
WebAddress = Annotated[
    str,
    PlainValidator(network.web_address),
    _written(r"\s*https?://\S+\s*", "https://news.example.org"),
]
HubAddress = Annotated[
    str, PlainValidator(network.hub), _written(r"\s*https?://\S+\s*", "https://hub.example.org")
]
OperatorsToken = Annotated[
    str, PlainValidator(network.operators_token), _written(r"\s*[!-~]([ -~]{14,}[!-~])\s*|\$\{.*")
]
HostAndPort = Annotated[
    tuple[str, int],
    PlainValidator(network.listen),
    _written(r".+:[0-9]{1,5}", "127.0.0.1:8000"),
]
Network = Annotated[
    str, PlainValidator(network.network), _written(r"\s*[0-9A-Fa-f:.]+(/[0-9]{1,3})?\s*")
]
Destination = Annotated[str, PlainValidator(network.destination), _written(r"\s*\S+\s*")]
Duration = Annotated[
    timedelta,
    PlainValidator(scalars.duration),
    _any_of(
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": f"^{_SPAN}$", "examples": ["2s", "15m", "12h", "1d"]},
    ),
]
Hold = Annotated[
    timedelta,
    PlainValidator(times.hold),
    _any_of({"type": "number", "minimum": 0}, {"type": "string", "pattern": f"^{_SPAN}$"}),
]
Day = Annotated[
    date,
    PlainValidator(times.day),
    _written(r"\s*[12][0-9]{3}-[0-9]{2}-[0-9]{2}\s*", "2027-01-10"),
]
Hours = Annotated[
    frozenset[int],
    PlainValidator(times.hours),
    _any_of(
        {"const": "any"},
        {"type": "integer", "minimum": 0, "maximum": 23},
        {
            "type": "array",
            "items": {
                "anyOf": [{"type": "integer", "minimum": 0, "maximum": 23}, {"type": "string"}]
            },
        },
    ),
]
Rate = Annotated[
    float,
    PlainValidator(rate),
    _written(r"\s*[0-9]{1,9} *(/|per) *[a-z]+\s*", "20/s", "600/min", "1000/hour"),
]
TransportAddress = Annotated[
    Transport,
    PlainValidator(transport),
    _written(
        r"\s*((maildir|lmtp):.+|smtps?://([^:@/]*@)?[^@]+)",
        "maildir:../data/mail",
        "smtp://news@mail.example.org:587",
        "smtps://news@mail.example.org",
        "lmtp://localhost:24",
    ),
]
StoreAddress = Annotated[
    str,
    PlainValidator(store),
    _written(
        r"\s*(sqlite|postgresql|postgres)(\+[a-z]+)?://.*",
        "sqlite:///../data/paperround.db",
        "postgresql://user@host/database",
    ),
]
Truth = Annotated[
    bool,
    PlainValidator(scalars.truth),
    _any_of({"type": "boolean"}, {"enum": ["true", "false"]}),
]

Content = Annotated[str, PlainValidator(scalars.one_of(*Body)), _choice(*Body)]
KindWord = Annotated[str, PlainValidator(scalars.one_of(*Kind)), _choice(*Kind)]
WelcomeWord = Annotated[str, PlainValidator(scalars.one_of(*Welcome)), _choice(*Welcome)]
Profile = Annotated[str, PlainValidator(scalars.one_of(*DkimProfile)), _choice(*DkimProfile)]
InDoubt = Annotated[
    str, PlainValidator(scalars.one_of("resend", "hold")), _choice("resend", "hold")
]
Suppressed = Annotated[
    str, PlainValidator(scalars.one_of("clear", "hashed")), _choice("clear", "hashed")
]

UpTo100 = Annotated[int, *_count(1, 100)]
UpTo500 = Annotated[int, *_count(1, 500)]
UpTo1000 = Annotated[int, *_count(1, 1000)]
UpToAMillion = Annotated[int, *_count(1, 1_000_000)]


def _list_or_one(check: Callable[[object], object], one: object, least: int) -> BeforeValidator:
    """Return the check of a list in which one value needs no brackets."""
    many = Annotated[list[one], Field(min_length=least)]  # type: ignore[valid-type]  # a kind of value
    return BeforeValidator(check, json_schema_input_type=one | many)


_Phrase = Annotated[str, PlainValidator(_phrase), _written(_FILLED)]
Many = Annotated[tuple[Filled, ...], _list_or_one(_many, Filled, 1)]
ManyLanguages = Annotated[tuple[Language, ...], _list_or_one(_many, Language, 1)]
Phrases = Annotated[tuple[_Phrase, ...], _list_or_one(_many, _Phrase, 1)]
OldNames = Annotated[tuple[OldName, ...], _list_or_one(_several, OldName, 0)]
Networks = Annotated[tuple[Network, ...], _list_or_one(_several, Network, 0)]
Destinations = Annotated[tuple[Destination, ...], _list_or_one(_several, Destination, 0)]
Schedules = Annotated[tuple[ScheduleText, ...], _list_or_one(_several, ScheduleText, 0)]
