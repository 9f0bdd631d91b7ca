"""What language tag was probably meant: by its name in English, or with an underscore. Pure."""

from __future__ import annotations

from notifier.configuration.problems import closest

_TAGS = {
    "arabic": "ar",
    "chinese": "zh",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hindi": "hi",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "norwegian": "nb",
    "polish": "pl",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
    "ukrainian": "uk",
}


def tag_of(found: str) -> str:
    """Return the tag that `found` was probably meant to be, or nothing."""
    language, underscore, region = found.partition("_")
    if underscore and len(language) == 2 and len(region) == 2 and found.isascii():
        return f"{language.lower()}-{region.upper()}"
    name = closest(found, tuple(_TAGS))
    return _TAGS[name] if name else ""
