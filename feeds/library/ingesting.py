"""Ingesting: from files to articles in the store.

Calls the sources, the sanitiser and the store in order. What is wrong with a document is a Problem
that names file and line, and costs nothing that was good. A file that disappears, or a folder
that is suddenly empty, withdraws nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from feeds.article import Article
from feeds.document import Document, Place, Problem
from feeds.errors import InvalidArticle, SourceError
from feeds.making import TITLE_LIMIT, from_document
from feeds.revision import Outcome
from feeds.sanitize import content_of
from feeds.sources import Defaults, FileState, ReadFile, read_file, scan, settled
from feeds.store import ArticleStore, FileMemory, SeenFile

SETTLE_NS = 500_000_000  # how long a file must rest before it is taken to be complete
OUTSIDE = "files"  # the source of documents that belong to no declared one
_BATCH = 200  # articles in one transaction
_FEW = 2  # withdrawals at once that are never held
_PATIENCE = 10  # looks at a file that somebody is still writing, half a second apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A declared folder of documents, under the name that its articles' ids are minted from."""

    name: str
    path: Path
    language: str = ""
    timezone: str = "UTC"

    @property
    def defaults(self) -> Defaults:
        """What holds for every document of this folder."""
        return Defaults(source=self.name, language=self.language, timezone=self.timezone)


@dataclass(slots=True)
class Report:
    """What came of an ingest.

    What is refused are documents, and files of which nothing could be read. `unsettled` counts
    files that are still being written, `held` withdrawals that wait for the operator's word.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    files: int = 0
    unsettled: int = 0
    held: int = 0

    def add(self, other: Report) -> None:
        """Take the numbers of `other` in."""
        self.outcomes += other.outcomes
        self.problems += other.problems
        self.files += other.files
        self.unsettled += other.unsettled
        self.held += other.held


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to read: where it is, and what it belongs to."""

    path: Path
    state: FileState
    defaults: Defaults
    relative: str


async def ingest_paths(
    paths: Iterable[Path],
    folders: Sequence[Folder],
    store: ArticleStore,
    memory: FileMemory,
    now: datetime,
    *,
    withdraw: bool = False,
) -> Report:
    """Read files and whole folders into the store, whatever was read before.

    `withdraw` is the operator's word that many articles may be withdrawn at once.
    """
    report = Report()
    candidates: list[Candidate] = []
    for path in paths:
        try:
            candidates += await asyncio.to_thread(_candidates, path, folders, report.problems)
        except SourceError as error:
            report.problems.append(Problem(Place(str(path)), str(error)))
    sources = {candidate.defaults.source for candidate in candidates}
    for folder in folders:
        if folder.name in sources:
            await _forget_missing(folder, memory)
    report.add(await take_in(candidates, store, memory, now, withdraw=withdraw))
    return report


async def _forget_missing(folder: Folder, memory: FileMemory) -> None:
    """Forget the files that are gone: their documents may stand in others by now."""
    seen = await memory.of(folder.name)
    gone = await asyncio.to_thread(
        lambda: [path for path in seen if not (folder.path / path).exists()]
    )
    await memory.forget(folder.name, gone)


async def ingest_folder(
    folder: Folder,
    earlier: dict[str, FileState],
    store: ArticleStore,
    memory: FileMemory,
    now: datetime,
) -> Report:
    """Read what is new or changed in a watched folder since it was last read.

    `earlier` holds how files looked at the last look, to tell which ones rest; it is brought up
    to date. Raises SourceError when the folder cannot be read.
    """
    found = await asyncio.to_thread(scan, folder.path)
    seen = await memory.of(folder.name)
    fresh = [state for state in found.files if not is_same(seen.get(state.relative), state)]
    now_ns = int(now.timestamp() * 1e9)
    resting = [s for s in fresh if settled(s, now_ns, earlier.get(s.relative), SETTLE_NS)]
    earlier.clear()
    earlier.update({state.relative: state for state in fresh})
    if found.files:  # an empty folder may be a mount that is gone
        present = {state.relative for state in found.files}
        await memory.forget(folder.name, [path for path in seen if path not in present])
    candidates = [
        Candidate(folder.path / state.relative, state, folder.defaults, state.relative)
        for state in resting
    ]
    report = await take_in(candidates, store, memory, now)
    report.problems += found.problems
    report.unsettled += len(fresh) - len(resting)
    return report


async def take_in(
    candidates: Sequence[Candidate],
    store: ArticleStore,
    memory: FileMemory,
    now: datetime,
    *,
    withdraw: bool = False,
) -> Report:
    """Read `candidates` into the store as having arrived at `now`, and remember them."""
    report = Report()
    batch: list[tuple[Article, Document]] = []
    withdrawals: list[tuple[Article, Document]] = []
    done: list[tuple[str, SeenFile]] = []
    async for candidate, read in _read_all(candidates):
        report.files += 1
        report.problems += read.problems
        if read.unsettled:
            report.unsettled += 1
            continue
        if read.problems and not read.documents:
            report.outcomes[Outcome.REFUSED] += 1
        made = await asyncio.to_thread(_articles, candidate, read, report)
        batch += [one for one in made if not one[0].withdrawn]
        withdrawals += [one for one in made if one[0].withdrawn]
        if candidate.relative:
            done.append((candidate.defaults.source, _seen(candidate)))
        if len(batch) >= _BATCH:
            await _store(batch, store, report, now)
            batch.clear()
    await _store(batch, store, report, now)
    if withdraw or not await _too_many(withdrawals, store):
        await _store(withdrawals, store, report, now)
    else:
        report.held = len(withdrawals)
        waiting = {article.origin for article, _ in withdrawals}
        done = [(source, seen) for source, seen in done if seen.path not in waiting]
    for source in {source for source, _ in done}:
        await memory.remember(source, [seen for name, seen in done if name == source])
    return report


async def _too_many(withdrawals: Sequence[tuple[Article, Document]], store: ArticleStore) -> bool:
    """Tell whether so many visible articles would go at once that it may be a mistake."""
    if len(withdrawals) <= _FEW:
        return False
    entries = await store.entries([article.id for article, _ in withdrawals])
    going = sum(entry.withdrawn_at is None for entry in entries)
    return going > max(_FEW, (await store.counts()).visible // 10)


async def _store(
    batch: Sequence[tuple[Article, Document]], store: ArticleStore, report: Report, now: datetime
) -> None:
    ingested = await store.ingest([article for article, _ in batch], now)
    for result, (_, document) in zip(ingested, batch, strict=True):
        report.outcomes[result.outcome] += 1
        if result.outcome is Outcome.REFUSED:
            report.problems.append(Problem(document.place, result.reason))


async def _read_all(
    candidates: Sequence[Candidate],
) -> AsyncIterator[tuple[Candidate, ReadFile]]:
    """Read each file, waiting a little for one that changes while it is read."""
    for candidate in candidates:
        for _ in range(_PATIENCE):
            read = await asyncio.to_thread(
                read_file,
                candidate.path,
                relative=candidate.relative,
                shown=str(candidate.path),
                defaults=candidate.defaults,
            )
            if not read.unsettled:
                break
            await asyncio.sleep(SETTLE_NS / 1e9)
        yield candidate, read


def _articles(
    candidate: Candidate, read: ReadFile, report: Report
) -> list[tuple[Article, Document]]:
    """Make articles of documents; what cannot become one is a problem at its place."""
    made = []
    for document in read.documents:
        try:
            content = content_of(document, document.base or document.url)
            article = from_document(document, content)
        except InvalidArticle as error:
            report.problems.append(Problem(document.place, str(error)))
            report.outcomes[Outcome.REFUSED] += 1
        else:
            if len(document.title) > TITLE_LIMIT:
                kept = f"{TITLE_LIMIT:,} are kept"
                words = f"the title has {len(document.title):,} characters; {kept}"
                report.problems.append(Problem(document.place, words))
            origin = candidate.relative or str(candidate.path)
            made.append((replace(article, origin=origin), document))
    return made


def _candidates(path: Path, folders: Sequence[Folder], problems: list[Problem]) -> list[Candidate]:
    """Name the files at `path`; those inside a declared folder belong to that source."""
    try:
        place = path.resolve(strict=True)
        if place.is_dir():
            found = scan(place)
            problems += found.problems
            files = [(place / state.relative, state) for state in found.files]
        else:
            status = place.stat()
            state = FileState(place.name, status.st_size, status.st_mtime_ns, status.st_ino)
            files = [(place, state)]
    except FileNotFoundError:
        raise SourceError("there is no such file or folder") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        words = error.strerror if isinstance(error, OSError) else "links that lead in a circle"
        raise SourceError(f"cannot be read: {words}") from error
    return [_belonging(file, state, folders) for file, state in files]


def _belonging(file: Path, state: FileState, folders: Sequence[Folder]) -> Candidate:
    for folder in folders:
        root = folder.path.resolve()
        if file.is_relative_to(root):
            relative = file.relative_to(root).as_posix()
            return Candidate(file, replace(state, relative=relative), folder.defaults, relative)
    return Candidate(file, state, Defaults(source=OUTSIDE), "")


def _seen(candidate: Candidate) -> SeenFile:
    state = candidate.state
    return SeenFile(candidate.relative, state.size, state.mtime_ns, state.inode)


def is_same(seen: SeenFile | None, state: FileState) -> bool:
    """Tell whether nothing wrote to a file since it was read."""
    return seen is not None and (seen.size, seen.mtime_ns, seen.inode) == (
        state.size,
        state.mtime_ns,
        state.inode,
    )
