"""The problems of a configuration in the forms that other programs read.

SARIF is version 2.1.0 (OASIS); annotations are the workflow commands of GitHub.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from notifier.configuration import ConfigProblem, Severity

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_RULE = "configuration"


def members(problem: ConfigProblem) -> dict[str, object]:
    """Return `problem` as a JSON object of ours."""
    return {
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
        "severity": str(problem.severity),
    }


def sarif(problems: Iterable[ConfigProblem]) -> dict[str, object]:
    """Return `problems` as the one run of a SARIF log."""
    from importlib.metadata import version

    rule = {
        "id": _RULE,
        "shortDescription": {"text": "A mistake in the configuration of Paperround"},
    }
    driver = {"name": "Paperround", "version": version("paperround"), "rules": [rule]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def github(problems: Sequence[ConfigProblem]) -> Iterator[str]:
    """Yield a line for each of `problems` that GitHub shows beside the line it is about."""
    for problem in problems:
        kind = "error" if problem.severity is Severity.ERROR else "warning"
        place = {"file": problem.path, "line": problem.line, "col": problem.column}
        where = ",".join(f"{key}={_property(str(value))}" for key, value in place.items() if value)
        yield f"::{kind} {where}::{_data(_words(problem))}"


def _result(problem: ConfigProblem) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": {"uri": _uri(problem.path)}}
    if problem.line:
        region = {"startLine": problem.line}
        physical["region"] = region | ({"startColumn": problem.column} if problem.column else {})
    return {
        "ruleId": _RULE,
        "ruleIndex": 0,
        "level": str(problem.severity),
        "message": {"text": _words(problem)},
        "locations": [{"physicalLocation": physical}],
    }


def _words(problem: ConfigProblem) -> str:
    return "\n".join(filter(None, (problem.message, problem.hint)))


def _uri(path: str) -> str:
    """Return a relative path as a relative reference (RFC 3986, 4.2), an absolute one as a URL."""
    return Path(path).as_uri() if Path(path).is_absolute() else quote(Path(path).as_posix())


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
