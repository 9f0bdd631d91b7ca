"""A folder of templates as it was at one moment; what becomes of its files changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jinja2

_Source = tuple[str, str | None, Callable[[], bool] | None]  # jinja2's: text, file, up to date


class Snapshot(jinja2.BaseLoader):
    """The templates of `folder`, which need not exist; a bad one raises when asked for."""

    def __init__(self, folder: Path) -> None:
        files, environment = jinja2.FileSystemLoader(folder), jinja2.Environment(autoescape=True)
        self._found: dict[str, _Source | Exception] = {}
        for name in files.list_templates():
            try:
                self._found[name] = files.get_source(environment, name)
            except (OSError, ValueError, jinja2.TemplateError) as error:
                self._found[name] = error

    def get_source(self, environment: jinja2.Environment, template: str) -> _Source:
        """Return the text and the file of `template`; raises TemplateNotFound."""
        found = self._found.get(template)
        if found is None:
            raise jinja2.TemplateNotFound(template)
        if isinstance(found, Exception):
            raise found
        return found

    def list_templates(self) -> list[str]:
        """Return the names of all that were there."""
        return sorted(self._found)
