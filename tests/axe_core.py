"""axe-core: whether people who see, hear or move differently can use a page."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.chromium import Page

_LOCKED = Path(__file__).parent / "axe"

# What axe-core calls serious or critical, as one line for each element.
_SCRIPT = """
axe.run(document, {resultTypes: ["violations", "incomplete"]}).then(done => ({
  passes: done.passes.length,
  wrong: done.violations.filter(v => ["serious", "critical"].includes(v.impact)).flatMap(
    v => v.nodes.map(n => `${v.id}: ${n.failureSummary} ${n.html}`)),
  unsure: done.incomplete.filter(v => v.id == "color-contrast").flatMap(
    v => v.nodes.map(n => `${v.id}: ${n.html}`)),
}))
"""


def axe_core(folder: Path) -> str:
    """Return axe-core as a script: the version that the lock file names, and no other bytes."""
    npm = shutil.which("npm")
    assert npm, "this test needs npm"
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_LOCKED / name, folder)
    subprocess.run(  # noqa: S603 - our own command
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def findings(page: Page, axe: str) -> dict[str, Any]:
    """Return what is `wrong` on the page that is shown, what axe is `unsure` of, and `passes`."""
    page.evaluate(f"{axe}; 0")
    found: dict[str, Any] = page.evaluate(_SCRIPT)
    return found
