"""What language tag was probably meant: by a name in English, an underscore, a country. Pure."""

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

_OF_COUNTRIES = {"cn": "zh", "cz": "cs", "dk": "da", "gr": "el", "jp": "ja", "rs": "sr", "vn": "vi"}


def tag_of(found: str) -> str:
    """Return the tag that `found` was probably meant to be, or nothing."""
    language, underscore, region = found.partition("_")
    if underscore and len(language) == 2 and len(region) == 2 and found.isascii():
        return f"{language.lower()}-{region.upper()}"
    name = closest(found, tuple(_TAGS))
    return _TAGS[name] if name else ""


def meant_by(country: str) -> str:
    """Return the language that was probably meant by a country's two letters, or nothing."""
    return _OF_COUNTRIES.get(country.lower(), "")
