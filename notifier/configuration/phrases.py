"""The operator's own words for digests: `templates/words/LANGUAGE.yaml`, a phrase by each key.

A phrase that cannot be used is told and left out, so that the digest says it in English; it never
keeps the rest of the configuration from being used.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from notifier.configuration import files, scalars
from notifier.configuration.files import Item, is_folder
from notifier.configuration.problems import Report, Severity, Spot, did_you_mean
from notifier.configuration.validation import check_value
from notifier.digest.catalogues import Catalogues
from notifier.digest.words import KEYS, flaws

FOLDER = "words"

_ORDER = 1_000_000  # after all other files


def phrases(
    templates: Path, environ: Mapping[str, str], report: Report
) -> tuple[Catalogues, tuple[Path, ...]]:
    """Return the phrases by language tag in lower case, and the files that were read."""
    folder = templates / FOLDER
    paths = sorted(folder.glob("*.yaml")) if is_folder(folder) else []
    found: dict[str, Mapping[str, str]] = {}
    lenient = Report()
    for order, path in enumerate(paths, start=_ORDER):
        if not scalars.is_language(path.stem):
            hint = "a language is written like `it` or `pt-BR`"
            lenient.error(Spot(path=str(path), order=order), "the name is no language tag", hint)
            continue
        file = files.read(path, order, lenient)
        if file is not None and file.document is not None:
            top = Item(file, (), file.document.value)
            found[path.stem.lower()] = MappingProxyType(_phrases(top, environ, lenient))
    report.take(lenient, Severity.WARNING)
    return MappingProxyType(found), tuple(paths)


def _phrases(top: Item, environ: Mapping[str, str], report: Report) -> dict[str, str]:
    if top.value is None:
        return {}
    if not isinstance(top.value, dict):
        report.error(top.at(), "expected a map: the name of each phrase, then its words")
        return {}
    found = {}
    for key, value in top.value.items():
        item = Item(top.file, (key,), value)
        if key not in KEYS:
            report.error(item.key(), f"there is no phrase `{key[:60]}`", did_you_mean(key, KEYS))
            continue
        text = check_value(scalars.filled, item, environ, report)
        wrong = flaws(key, text) if text else ()
        for flaw in wrong:
            report.error(item.at(), flaw)
        if text and not wrong:
            found[key] = text
    return found
