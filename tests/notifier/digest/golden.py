"""The golden mails: an issue with everything, byte for byte, as text in every language.

After a wanted change write them anew, and look at the difference:

    python -m tests.notifier.digest.golden
"""

from __future__ import annotations

from pathlib import Path

from notifier.digest.catalogues import CATALOGUES
from tests.notifier.digest.mails import filled, mail

FOLDER = Path(__file__).parents[2] / "golden" / "digest"

# HTML of one language for each direction: the others differ in their words alone.
PARTS = [*(f"{language}.txt" for language in CATALOGUES), "en.html", "ar.html"]
NAMES = [f"morning.{part}" for part in PARTS]


def golden_mail(name: str) -> str:
    """Return the part of an issue that the golden file `name` holds."""
    _, language, part = name.split(".")
    composed = mail(language)
    return filled(composed.html if part == "html" else composed.text)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in NAMES:
        (FOLDER / each).write_text(golden_mail(each), encoding="utf-8")
