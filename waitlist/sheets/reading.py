"""What a file holds, as headings and rows of text: CSV in any usual encoding, or a workbook. Pure; keeps nothing."""

from __future__ import annotations

import csv
import io
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook

from carebridge.errors import DomainError
from carebridge.workbooks import NOT_XML
from waitlist.sheets.columns import field_of, plain

MOST_BYTES = 5_000_000
MOST_ROWS = 5_000
MOST_COLUMNS = 60
LONGEST_CELL = 500
MOST_UNPACKED = 50_000_000
"""Bytes: a small archive may unpack to anything."""
LAST_LINE = 20_000
"""Of a workbook, which may be formatted a million lines down."""
HEADINGS_WITHIN = 20
"""Lines: titles and notes often stand above the headings."""
LONGEST_QUOTE = 20
"""Lines that one cell of a CSV may go over before somebody has forgotten to close a quotation mark."""
SEPARATORS = ",;\t|"

OLD_WORKBOOK, PDF, ARCHIVE = b"\xd0\xcf\x11\xe0", b"%PDF", b"PK\x03\x04"
NO_TABLE = "This file is no table that we can read. Save it as a workbook (.xlsx) or as CSV and choose that file."
BROKEN = "This workbook is damaged. Open it in your spreadsheet program, save it anew and choose that file."


class UnreadableFile(DomainError):
    """A file that holds no table of a size that we read; the sentence says what to do about it."""

    code = "unreadable_file"
    message = NO_TABLE


@dataclass(frozen=True)
class Sheet:
    """A table: its headings, and the rows below them that hold anything, each with its line in the file."""

    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


Lines = Iterable[tuple[int, Sequence[str]]]


def read_sheet(data: bytes) -> Sheet:
    """The table in a file, whatever it is called. Raises UnreadableFile."""
    if len(data) > MOST_BYTES:
        raise UnreadableFile(f"A file may have {MOST_BYTES // 1_000_000} MB at most. Split the list in two.")
    if not data.strip():
        raise UnreadableFile("This file is empty.")
    if data.startswith(OLD_WORKBOOK):
        raise UnreadableFile(
            "This workbook has an old form or a password. Save it as a workbook (.xlsx) without a password."
        )
    return _below_headings(_of_workbook(data) if data.startswith(ARCHIVE) else _of_text(data))


def _below_headings(lines: Lines) -> Sheet:
    filled = [(line, cells) for line, cells in lines if any(cells)]
    place = _place_of_headings([cells for _, cells in filled[:HEADINGS_WITHIN]])
    headings, rows = filled[place][1], filled[place + 1 :]
    rows = [(line, cells) for line, cells in rows if list(map(plain, cells)) != list(map(plain, headings))]
    if not rows:
        raise UnreadableFile("There is no row below the headings.")
    if len(rows) > MOST_ROWS:
        raise UnreadableFile(f"A list may have {MOST_ROWS:,} rows at most; this one has more. Split it in two.")
    width = min(max(len(cells) for _, cells in filled[place:]), MOST_COLUMNS)
    names = [heading or f"Column {number}" for number, heading in enumerate(_as_wide(headings, width), start=1)]
    return Sheet(tuple(names), tuple((line, tuple(_as_wide(cells, width))) for line, cells in rows))


def _place_of_headings(rows: Sequence[Sequence[str]]) -> int:
    """The row that names the most of what we know; if none names two things, the first with several cells."""
    known = [sum(field_of(cell) is not None for cell in row) for row in rows]
    if known and max(known) >= 2:
        return known.index(max(known))
    for place, row in enumerate(rows):
        if sum(map(bool, row)) >= 2:
            return place
    raise UnreadableFile


def _as_wide(cells: Sequence[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def _clean(value: str) -> str:
    return NOT_XML.sub("", " ".join(value.split()))[:LONGEST_CELL]


# --- Text ------------------------------------------------------------------------------------------------------------


def _of_text(data: bytes) -> Lines:
    text = _decoded(data)
    if data.startswith(PDF) or any(each < " " and each not in "\t\r\n\f\v" for each in text):
        raise UnreadableFile
    separator = ""
    if text[:5].lower().startswith("sep=") and text[4:6].strip():
        separator, text = text[4], text.partition("\n")[2]
    return _split(text, separator or _separator_of(text))


def _decoded(data: bytes) -> str:
    """By the mark in front, or as UTF-8 if it can be that; or as spreadsheet programs wrote before."""
    marked = (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")
    encodings = [name for mark, name in marked if data.startswith(mark)] or ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile


def _separator_of(text: str) -> str:
    """The one that cuts the most of the first lines into equally many cells."""
    first = io.StringIO(text[:20_000], newline="").readlines()[:30]

    def evenness(separator: str) -> int:
        widths = Counter(len(row) for row in csv.reader(first, delimiter=separator) if len(row) > 1)
        return max((width * count for width, count in widths.items()), default=0)

    return max(SEPARATORS, key=evenness)


def _split(text: str, separator: str) -> Lines:
    reader, before = csv.reader(io.StringIO(text, newline=""), delimiter=separator), 0
    try:
        for cells in reader:
            if reader.line_num - before > LONGEST_QUOTE:
                raise UnreadableFile(f"A quotation mark that opens in line {before + 1} isn't closed.")
            yield before + 1, [_clean(cell) for cell in cells[:MOST_COLUMNS]]
            before = reader.line_num
    except csv.Error as broken:
        raise UnreadableFile(
            f"Line {before + 1} can't be read. Look for a quotation mark that isn't closed."
        ) from broken


# --- Workbooks -------------------------------------------------------------------------------------------------------


def _of_workbook(data: bytes) -> Lines:
    try:
        with ZipFile(io.BytesIO(data)) as package:
            names, size = set(package.namelist()), sum(part.file_size for part in package.infolist())
    except (BadZipFile, OSError, ValueError) as broken:
        raise UnreadableFile(BROKEN) from broken
    if "xl/workbook.xml" not in names:
        raise UnreadableFile
    if size > MOST_UNPACKED:
        raise UnreadableFile("This workbook is too large. Copy the list alone into a new one and choose that file.")
    try:
        return list(_first_filled(data))
    except Exception as broken:
        # The library raises whatever its parsers come across.
        raise UnreadableFile(BROKEN) from broken


def _first_filled(data: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """The first sheet that people see and that holds anything."""
    with warnings.catch_warnings():
        # Of colours and rules that it doesn't know, which say nothing about the cells.
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = sheet.iter_rows(min_row=1, max_row=LAST_LINE, max_col=MOST_COLUMNS, values_only=True)
            lines = [(number, [_as_text(cell) for cell in row]) for number, row in enumerate(rows, start=1)]
            if sheet.sheet_state == "visible" and any(any(cells) for _, cells in lines):
                return iter([(number, _without_tail(cells)) for number, cells in lines])
    return iter(())


def _without_tail(cells: list[str]) -> list[str]:
    return cells[: max((place for place, cell in enumerate(cells, start=1) if cell), default=0)]


def _as_text(value: Any) -> str:
    """A cell as somebody would type it: days without their midnight, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _clean(str(value))
