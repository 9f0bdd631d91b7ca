"""Rules: what a reconciling goes by, and one short text for all of it, to tell two apart.

Of two that differ in anything, even in what matters to no lane, the names differ. The version of
the program is part of them, for another may decide otherwise by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import version

from notifier.enrolment import Rules
from notifier.settings import Settings
from notifier.subscriber import Choice, Declaration, Listed


def rules_of(settings: Settings) -> Rules:
    """Return what decides about lanes."""
    return Rules({spec.name: spec for spec in settings.digests}, settings.site)


def name_of_rules(rules: Rules) -> str:
    """Return the name of what decides about lanes, as hex digits."""
    written = f"{_version()}\0{_written((dict(rules.specs), rules.site))}"
    return blake2b(written.encode(), digest_size=16).hexdigest()


def name_of_declaration(settings: Settings) -> str:
    """Return the name of the declared readers, and of the rules they are taken in by.

    Those in a list of their own need not be read for it.
    """
    found = blake2b(name_of_rules(rules_of(settings)).encode(), digest_size=16)
    readers, name = settings.subscribers, ""
    if isinstance(settings.subscribers, Listed):
        readers, name = settings.subscribers.written, settings.subscribers.name
    found.update("\n".join((name, *_readers(readers))).encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def _readers(readers: Sequence[Declaration]) -> Iterator[str]:
    """Yield a text for each reader; those who want the same share what they want."""
    known: dict[int, str] = {}
    for one in readers:
        digests = known.get(id(one.digests))
        if digests is None:
            digests = known[id(one.digests)] = _digests(one.digests)
        yield f"{one.email}\0{one.name}\0{one.timezone}\0{one.language}\0{digests}"


def _digests(digests: Mapping[str, Choice]) -> str:
    return "\0".join(f"{name}\0{_written(choice)}" for name, choice in digests.items())


def _written(value: object) -> str:
    """Return a value with everything in it as text, the same in each process."""
    if is_dataclass(value) and not isinstance(value, type):
        inside = ",".join(_written(getattr(value, field.name)) for field in fields(value))
        return f"{type(value).__name__}({inside})"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{_written(k)}:{_written(v)}' for k, v in value.items())}}}"
    if isinstance(value, Set):
        return f"{{{','.join(sorted(map(_written, value)))}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_written, value))}]"
    return repr(value)


@lru_cache(maxsize=1)
def _version() -> str:
    return version("paperround")
