"""Everything that can be told of a configuration: what its files say, and what its templates do.

Reads no store and asks nobody. A mistake in one place hides none in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from notifier.configuration import ConfigProblem, Loaded, Severity, problem_at, visible
from notifier.deliverability.finding import Finding, Grade
from notifier.settings import Settings

if TYPE_CHECKING:
    from notifier.checking.rehearsing import Flaw


def examine(
    loaded: Loaded, config: Path, findings: Iterable[Finding] = ()
) -> tuple[ConfigProblem, ...]:
    """Return all that is wrong with what was loaded from `config`, in the order of the files.

    Those of `findings` that are not fine stand where the setting is that they are about.
    """
    flaws = (_problem(flaw, loaded, config) for flaw in _flaws(loaded.draft))
    found = [*loaded.problems, *flaws]
    found += dict.fromkeys(_outside(findings, loaded))  # one cause may stop several questions
    order = {str(path): number for number, path in enumerate(loaded.files)}
    last = len(order)
    return tuple(sorted(found, key=lambda one: (order.get(one.path, last), one.line, one.column)))


def _flaws(draft: Settings) -> tuple[Flaw, ...]:
    """Try what the operator has written of templates; ours need no trial, nor to be loaded."""
    if draft.built_in_only:
        return ()
    from notifier.checking.rehearsing import rehearse  # noqa: PLC0415 - as above
    from notifier.digest.compose import Composer  # noqa: PLC0415 - slow to import, seldom needed

    return rehearse(Composer(draft.templates, draft.site, draft.words), draft)


def _problem(flaw: Flaw, loaded: Loaded, config: Path) -> ConfigProblem:
    """Tell what is wrong with a template where it is, and of a setting where it is written."""
    if flaw.setting and loaded.places is not None:
        spot = loaded.places.of_digest(flaw.digest, flaw.setting)
        return problem_at(spot, flaw.reason, flaw.hint)
    folder = config if config.is_dir() else config.parent
    file = Path(flaw.template)
    if file.is_relative_to(folder.absolute()):
        file = folder / file.relative_to(folder.absolute())
    return ConfigProblem(
        path=str(file), line=flaw.line or 0, column=0, message=visible(flaw.reason)
    )


def _outside(findings: Iterable[Finding], loaded: Loaded) -> Iterator[ConfigProblem]:
    for finding in findings:
        if finding.grade is Grade.FINE or loaded.places is None:
            continue
        spot = loaded.places.setting(finding.setting)
        wrong = finding.grade is Grade.WRONG
        severity = Severity.ERROR if wrong else Severity.WARNING
        yield problem_at(spot, finding.message, finding.advice, severity)
