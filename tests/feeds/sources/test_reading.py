from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.sources.reading import LIMIT, decode, read_text

GERMAN = "Die Brücke über den Fluß wird für Fußgänger geöffnet.\nGrüße!"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"]
)
def test_the_usual_encodings_are_recognised(encoding: str) -> None:
    assert decode(GERMAN.encode(encoding)).text == GERMAN


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Crème brûlée à Orléans", "cp1252"),
        ("La niña preguntó: ¿dónde está el camión?", "cp1252"),
        ("The county’s bridge — “finally” — opened; it cost £4 million.", "cp1252"),
        ("Zażółć gęślą jaźń. Most zostanie otwarty jesienią, mieszkańcy się cieszą.", "cp1250"),
        ("Мост через реку откроют осенью. Жители рады и ждут праздника.", "cp1251"),
        ("הגשר מעל הנהר ייפתח בסתיו והתושבים שמחים מאוד", "cp1255"),
    ],
)
def test_old_encodings_are_told_apart_by_their_letters(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("label", "encoding"),
    [("koi8-r", "koi8-r"), ("windows-1251", "cp1251"), ("Shift_JIS", "shift_jis")],
)
def test_html_may_declare_its_charset(label: str, encoding: str) -> None:
    words = "мост" if encoding != "shift_jis" else "橋が開通"
    page = f'<html><head><meta charset="{label}"></head><p>{words}</p>'
    assert decode(page.encode(encoding), declares=True).text == page


def test_a_declared_latin_1_is_windows_1252_as_everywhere_on_the_web() -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1"><p>“née” €'
    assert decode(page.encode("cp1252"), declares=True).text == page


def test_utf_8_outranks_a_wrong_declaration() -> None:
    page = '<meta charset="koi8-r"><p>Brücke</p>'
    assert decode(page.encode(), declares=True).text == page


@pytest.mark.parametrize("label", ["x-klingon", "rot13", "hex", "unicode_escape", "idna"])
def test_a_declared_encoding_that_is_none_is_refused(label: str) -> None:
    reading = decode(f'<meta charset="{label}"><p>'.encode() + b"\xe9t\xe9", declares=True)
    assert reading.text == ""
    assert reading.refused == f"the encoding {label!r} is not known; save the file as UTF-8"
    assert reading.line == 1


def test_damaged_utf_8_is_refused_with_its_line_and_never_turned_into_mojibake() -> None:
    reading = decode("Brücke\nFluß – Straße\n".encode() + b"\xe2\x80 end")
    assert (reading.text, reading.line) == ("", 3)
    assert "UTF-8" in reading.refused


@pytest.mark.parametrize(
    "data", [b"", b"  \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe", "\n \n".encode("utf-16")]
)
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert decode(data).refused == "the file is empty"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"%PDF-1.7 some text",
        b"\x1f\x8b\x08 packed",
        b"text with a \0 in it",
        bytes(range(1, 32)) * 4,
    ],
)
def test_a_binary_file_is_refused(data: bytes) -> None:
    assert decode(data).refused == "this is a binary file, not text"


def test_a_stray_control_character_does_not_make_a_file_binary() -> None:
    assert decode(b"a page\x07 with a bell, and enough text around it").text


def test_all_line_ends_become_one() -> None:
    assert decode(b"a\r\nb\rc\nd").text == "a\nb\nc\nd"


@given(st.text(min_size=1).filter(str.strip))
def test_every_text_without_nul_survives_utf_8(text: str) -> None:
    data = text.encode("utf-8", "ignore")
    reading = decode(data)
    plain = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    assert reading.refused or reading.text == plain.encode("utf-8", "ignore").decode()


@given(st.binary())
def test_any_bytes_give_text_or_a_reason(data: bytes) -> None:
    reading = decode(data, declares=True)
    assert bool(reading.text.strip()) != bool(reading.refused)


def test_a_file_of_50_mb_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "big.md"
    path.touch()
    os.truncate(path, 50_000_000)
    assert read_text(path).refused == "the file is too large: 50 MB, at most 20 MB"


def test_a_file_at_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    path.write_bytes(b"a" * LIMIT)
    assert len(read_text(path).text) == LIMIT


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "dangling.md").symlink_to(tmp_path / "nowhere.md")
    os.mkfifo(tmp_path / "pipe.md")
    assert read_text(tmp_path / "folder.md").refused.startswith("cannot be read")
    assert (
        read_text(tmp_path / "dangling.md").refused == "cannot be read: No such file or directory"
    )
    assert read_text(tmp_path / "pipe.md").refused == "cannot be read: not a file"
