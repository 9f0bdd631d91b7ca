"""Trying every digest's templates and subject before a reader depends on them.

Composes made-up issues in every language in use. Writes and sends nothing, reads no store; a flaw
in one digest never hides those of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from notifier.configuration import did_you_mean
from notifier.digest.compose import PARTS, Composer, Request, subject_of
from notifier.digest.samples import INSTANT, Sample, samples
from notifier.digest.spec import SUBSCRIBER_ZONE, DigestSpec
from notifier.errors import TemplateError
from notifier.settings import Settings

_IN_EACH_LANGUAGE = 2  # samples; the others are tried in the digest's own only


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong, and where: in the file `template` at `line` (from 1; None if not known).

    Or else, where `setting` is not empty, in that setting of the digest: `subject`, `template`.
    """

    reason: str
    hint: str = ""
    digest: str = ""
    setting: str = ""
    template: str = ""
    line: int | None = None


def rehearse(composer: Composer, settings: Settings) -> tuple[Flaw, ...]:
    """Return every flaw of the templates and subjects of `settings`, each once."""
    found = [_flaw(error) for error in composer.problems()]
    for spec in settings.digests:
        found += _lacking(composer, spec)
        found += _tried(composer, spec, settings)
    return tuple(dict.fromkeys(found))


def languages(spec: DigestSpec, settings: Settings) -> tuple[str, ...]:
    """Return the languages that a digest is declared to be read in, its own first."""
    own = spec.language or settings.site.language
    chosen = {reader.language for reader in settings.subscribers if spec.name in reader.digests}
    return tuple(dict.fromkeys([own, *sorted(chosen - {""}), *sorted(settings.words)]))


def _lacking(composer: Composer, spec: DigestSpec) -> Iterator[Flaw]:
    html, text = f"{spec.template}.html", f"{spec.template}.txt"
    missing = [name for name in (html, text) if name not in composer.names()]
    reason = f"the template `{spec.template}` has no {{}} part: there is no `{{}}`"
    if len(missing) == 2:
        reason = f"there is no template `{spec.template}`: neither `{html}` nor `{text}`"
    elif missing:
        reason = reason.format("text" if missing == [text] else "HTML", *missing)
    if missing:
        whole = (name.rpartition(".")[0] for name in composer.names() if "/" not in name)
        known = sorted({*whole} - {spec.template})
        hint = did_you_mean(spec.template, known) if len(missing) == 2 else ""
        yield Flaw(reason=reason, hint=hint, digest=spec.name, setting="template")


def _tried(composer: Composer, spec: DigestSpec, settings: Settings) -> Iterator[Flaw]:
    parts = [part for part in PARTS if f"{spec.template}.{part}" in composer.names()]
    if not settings.templates.is_dir():
        parts = []  # the built-in ones, which need no trial
    for request in _requests(spec, settings):
        for error in composer.trial(request, ["subject", *parts]):
            yield _flaw(error, spec)


def _requests(spec: DigestSpec, settings: Settings) -> Iterator[Request]:
    for number, language in enumerate(languages(spec, settings)):
        tried = samples(spec, language)
        for sample in tried[:_IN_EACH_LANGUAGE] if number else tried:
            yield _request(spec, sample, language, settings)


def _request(spec: DigestSpec, sample: Sample, language: str, settings: Settings) -> Request:
    zone = settings.site.timezone if spec.timezone == SUBSCRIBER_ZONE else spec.timezone
    return Request(
        spec=replace(spec, maximum=sample.maximum),
        entries=sample.entries,
        language=language,
        zone=zone,
        instant=INSTANT,
        span=sample.span,
        page_url=sample.page_url,
    )


def _flaw(error: TemplateError, spec: DigestSpec | None = None) -> Flaw:
    if spec is not None and error.template == subject_of(spec):
        return Flaw(reason=error.reason, digest=spec.name, setting="subject")
    return Flaw(reason=error.reason, template=error.template, line=error.line)
