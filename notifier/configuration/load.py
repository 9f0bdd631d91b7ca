"""Reads a whole configuration: every mistake in it at once, or the settings it declares."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path

from feeds import Site
from notifier.configuration import digests as digest_part
from notifier.configuration import feeds as feed_part
from notifier.configuration import files, meaning, names, phrases, publishing, pushing
from notifier.configuration.csv_file import read_csv, rows
from notifier.configuration.environment import names_in
from notifier.configuration.files import SourceFile, is_file, is_folder
from notifier.configuration.mailing import mail
from notifier.configuration.models import WebSection
from notifier.configuration.places import Places
from notifier.configuration.problems import ConfigProblem, Report, Severity
from notifier.configuration.readers import Readers
from notifier.configuration.scalars import duration, file_path
from notifier.configuration.sections import Sections, merge
from notifier.configuration.validation import check, check_value
from notifier.digest.spec import DigestSpec
from notifier.errors import ConfigurationError
from notifier.settings import Settings
from notifier.subscriber import Declaration, Listed

_REQUIRED = {
    "site": "write `site: {name: ..., url: https://...}`",
    "store": "such as `store: sqlite:///../data/paperround.db`",
}
_SOME_SITE = Site(name="Some site", url="https://site.example")  # while there is no other


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of reading a configuration.

    `settings` is None exactly when one of `problems` is an error; warnings may stand beside
    settings. `files` are those that were read or tried, to be watched. `places` tells where
    selections, and all other settings, stand. `draft` is there in spite of errors: for looking at
    the rest of it, and for nothing else. Where no store could be told its address is empty.
    """

    settings: Settings | None
    problems: tuple[ConfigProblem, ...]
    files: tuple[Path, ...] = ()
    places: Places | None = field(default=None, repr=False, compare=False)
    draft: Settings = field(repr=False, compare=False)

    @property
    def errors(self) -> tuple[ConfigProblem, ...]:
        """The problems that keep the configuration from being used."""
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[ConfigProblem, ...]:
        """The problems that do not."""
        return tuple(p for p in self.problems if p.severity is Severity.WARNING)

    def settings_or_raise(self) -> Settings:
        """Return the settings; raise ConfigurationError with all problems if there are none."""
        if self.settings is None:
            raise ConfigurationError(self.problems)
        return self.settings


def load(path: Path, environ: Mapping[str, str], *, readers_later: bool = False) -> Loaded:
    """Read the configuration at `path`, a folder of YAML files or one file.

    `environ` is what `${NAME}` is looked up in. Raises nothing for a wrong configuration: all its
    problems are in the result, in the order of files, lines and columns. With `readers_later`,
    `subscribers_file` is read when somebody asks for the readers in it, which then raises
    ConfigurationError if anything is wrong; until then nothing is told of it.
    """
    with _without_collection():
        return _load(path, environ, later=readers_later)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keep the collector from walking what is being built, over and over: none of it is garbage."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def _load(path: Path, environ: Mapping[str, str], *, later: bool) -> Loaded:
    report = Report()
    paths = files.find(path, report)
    read = [files.read(found, order, report) for order, found in enumerate(paths, start=1)]
    sections = merge(read, report)
    _require(sections, report)
    reading = _Reading(sections, environ, report, path if later else None)
    folder = path if is_folder(path) else path.parent
    settings = reading.settings(folder.absolute())
    words, word_files = phrases.phrases(folder / "templates", environ, report)
    draft = replace(settings, words=words)
    return Loaded(
        settings=None if report.errors else draft,
        problems=report.problems(),
        files=(*paths, *reading.csv_files, *word_files, *_put_in(read)),
        places=Places(sections, environ),
        draft=draft,
    )


def _put_in(read: Sequence[SourceFile | None]) -> Iterator[Path]:
    """Yield the files that stand for values, such as keys."""
    for file in read:
        if file is not None and file.document is not None and file.has_references:
            for name in names_in(file.document.value):
                if name.startswith("file:"):
                    yield file.relative(name.removeprefix("file:").strip())


def _require(sections: Sections, report: Report) -> None:
    if not sections.files or sections.outdated:
        return
    unread = sections.unread
    for key, hint in _REQUIRED.items():
        if key in sections.single:
            continue
        if key in sections.empty:
            report.error(sections.empty[key].key(), f"the section `{key}` is empty", hint)
        elif not unread.may_say(key):
            report.error(sections.files[0].spot(), f"the section `{key}` is missing", hint)
    if sections.digests and "mail" not in sections.single and not unread.may_say("mail"):
        first = next(iter(sections.digests.values()))
        hint = "write `mail: {from: ..., transport: maildir:../data/mail}`"
        report.error(first.key(), "digests need the section `mail`", hint)


class _Reading:
    """Goes through the sections in an order in which what is referred to comes first."""

    def __init__(
        self,
        sections: Sections,
        environ: Mapping[str, str],
        report: Report,
        again: Path | None = None,
    ) -> None:
        self.sections = sections
        self.environ = environ
        self.report = report
        self.again = again  # where all is read again, if anybody asks for the readers in a list
        self.csv_files: list[Path] = []

    def settings(self, folder: Path) -> Settings:
        """Return the settings; where there are errors they are not to be used."""
        sections, environ, report = self.sections, self.environ, self.report
        site = publishing.site(sections, environ, report)
        store = publishing.store(sections, environ, report)
        zone = site.timezone if site else "UTC"
        sources = publishing.sources(sections, environ, zone, report)
        source_names = tuple(source.name for source in sources)
        feeds = feed_part.feeds(sections, environ, source_names, report)
        for_each = feed_part.for_each(sections, environ, report)
        gone = names.gone(sections, environ, feeds, report)
        world = digest_part.World(
            environ=environ,
            feeds=feed_part.selections(feeds),
            sources=source_names,
            timezone=zone,
            unread=sections.unread,
        )
        found = digest_part.digests(sections, world, report)
        readers, subscribers = self._readers(found)
        outgoing = mail(sections, environ, report)
        websub = pushing.websub(sections, environ, report)
        web = self._web()
        watch = self._span("watch", timedelta(seconds=2))
        grace = self._span("grace", timedelta(seconds=30))
        meaning.check_site(site, sections, report)
        if readers is not None:
            digest_part.check_readers(found, readers, sections, report)
            meaning.check_watch(watch, found, readers, sections, report)
            meaning.check_zones(found, readers, report)
        meaning.check_leaving(site, found, outgoing, sections, report)
        return Settings(
            site=site or _SOME_SITE,
            store=store or "",
            folder=folder,
            templates=folder / "templates",
            host=web.listen[0],
            port=web.listen[1],
            trusted_proxies=web.trusted_proxies,
            metrics=web.metrics,
            token=web.token,
            watch=watch,
            grace=grace,
            sources=sources,
            feeds=feeds,
            for_each=for_each,
            gone=gone,
            websub=websub,
            digests=found,
            subscribers=subscribers,
            mail=outgoing,
        )

    def _readers(
        self, digests: Sequence[DigestSpec]
    ) -> tuple[Readers | None, Sequence[Declaration]]:
        """Return the subscribers, and what was read of them; None for that if not all were read."""
        topics = digest_part.topic_names(self.sections)
        confined = {spec.name: spec for spec in digests if spec.choices is not None}
        readers = Readers(topics, self.sections.unread, self.environ, self.report, confined)
        readers.add(self.sections.lists["subscribers"])
        written = tuple(readers.found)
        file = self._csv()
        if file is None:
            return readers, written
        name = blake2b(file.text.encode(), digest_size=16).hexdigest()
        if self.again is not None:
            return None, Listed(written, name, partial(_listed, self.again, self.environ, written))
        readers.add(rows(file, topics, self.report))
        listed = readers.found[len(written) :]
        return readers, Listed(written, name, lambda: listed)

    def _csv(self) -> SourceFile | None:
        item = self.sections.single.get("subscribers_file")
        written = check_value(file_path, item, self.environ, self.report) if item else None
        if item is None or written is None:
            return None
        path = item.file.path.parent / written
        self.csv_files.append(path)
        if not is_file(path):
            self.report.error(item.at(), "there is no such file")
            return None
        return read_csv(path, len(self.sections.files) + 1, self.report)

    def _web(self) -> WebSection:
        item = self.sections.single.get("web")
        part = check(WebSection, item, self.environ, self.report) if item else None
        return part.values if part else WebSection()

    def _span(self, key: str, default: timedelta) -> timedelta:
        item = self.sections.single.get(key)
        found = check_value(duration, item, self.environ, self.report) if item else None
        return default if found is None else found


def _listed(
    path: Path, environ: Mapping[str, str], written: Sequence[Declaration]
) -> Sequence[Declaration]:
    """Read the readers in a list of their own; raises ConfigurationError."""
    return load(path, environ).settings_or_raise().subscribers[len(written) :]
