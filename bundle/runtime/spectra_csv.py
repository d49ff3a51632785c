"""Read spectra from delimited text, for every host: plain Python, and the text that scripts carry.

One row is one spectrum. Separators `;`, tab, `|` and `,`; decimal point, or decimal comma where the separator is
another; a header that is the axis, or names, or none; columns of names beside the numbers. For models that handle
missing values an empty cell, NA, NaN or #N/A is one, in any case of letters. What is not understood is refused with its
line and column, never skipped. Python 3.8 syntax.
"""
# Scripts carry this text: annotations would only be noise there.
# mypy: allow-untyped-defs, allow-untyped-calls

__all__ = ["Spectra", "SpectraError", "read_spectra"]


class SpectraError(ValueError):
    """Text that is no table of spectra; the message names the line and the column."""


class Spectra:
    """What a text holds: rows of numbers, names of the samples or None, the axis and its unit or None."""

    def __init__(self, rows, ids, axis, unit):
        self.rows = rows
        self.ids = ids
        self.axis = axis
        self.unit = unit


def read_spectra(data, missing=False):
    """The spectra in a text, given as bytes or str; with `missing` cells may say that there is no value: NaN."""
    written = split_lines(data)
    lines = [(number, line) for number, line in written if line.strip()]
    if not lines:
        raise SpectraError("it is empty, expected a row of numbers for each spectrum")
    separator = find_separator(lines)
    if missing:
        refuse_empty(written, separator)
    table = split_table(lines, separator, missing)
    comma = separator != "," and any(has_comma(cell) for _, cells in table for cell in cells if "," in cell)
    width = len(table[0][1])
    for number, cells in table:
        if len(cells) != width:
            raise SpectraError("line %d has %d cells, line %d has %d" % (number, len(cells), table[0][0], width))
    header, axis, unit = read_header(table, comma, missing)
    body = table[1:] if header else table
    if not body:
        odd = next((cell for cell in table[0][1] if number_in(cell, comma) is None), table[0][1][0])
        raise SpectraError(
            "there is no spectrum under line %d, which is a header with %r in it" % (table[0][0], odd.strip())
        )
    columns, names = data_columns(header, body, comma, missing)
    rows = [read_row(number, cells, columns, comma, missing) for number, cells in body]
    ids = [cells[names].strip() for _, cells in body] if names is not None else None
    return Spectra(rows, ids, axis, unit)


def split_lines(data):
    # Instruments on Windows write UTF-8 with a mark, or their code page.
    if isinstance(data, bytes):
        try:
            data = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            data = data.decode("cp1252", "replace")
    text = data.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return list(enumerate(text.split("\n"), 1))


def refuse_empty(lines, separator):
    # Separators alone may be a spectrum of which nothing is known, or nothing at all.
    for number, line in lines:
        if separator in line and not line.replace(separator, "").strip(' "'):
            raise SpectraError("line %d has no value in any cell; remove it, or write NA into its cells" % number)


def find_separator(lines):
    # The first that gives every line the same number of cells; a decimal comma is no separator where another one is.
    present = [s for s in ";\t|," if all(s in line for _, line in lines)]
    for separator in present:
        widths = [count_cells(line, separator) for _, line in lines]
        longest = max(widths)
        if all(n == longest or (n == longest - 1 and ends_long(lines, widths, separator)) for n in widths):
            return separator
    if present:
        return present[0]
    return next((s for s in ";\t|," if any(s in line for _, line in lines)), ",")


def count_cells(line, separator):
    return len(split_cells(line, separator)) if '"' in line else line.count(separator) + 1


def ends_long(lines, widths, separator):
    # Whether the longest lines are longer only by a separator at their end.
    return all(line.rstrip(" ").endswith(separator) for (_, line), n in zip(lines, widths) if n == max(widths))


def split_table(lines, separator, missing):
    # Many programs end rows with a separator: a last cell that is empty in all the longest rows is none; but where a
    # cell may lack its value, only if no other is empty.
    table = [(number, split_cells(line, separator)) for number, line in lines]
    width = max(len(cells) for _, cells in table)
    gaps = missing and not all(cell.strip() for _, cells in table for cell in cells[: width - 1])
    if width > 1 and not gaps and not any(cells[-1].strip() for _, cells in table if len(cells) == width):
        table = [(number, cells[: width - 1]) for number, cells in table]
    return table


def split_cells(line, separator):
    return split_quoted(line, separator) if '"' in line else line.split(separator)


def split_quoted(line, separator):
    cells, cell, quoted = [], "", False
    for character in line:
        if character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            cells.append(cell)
            cell = ""
        else:
            cell += character
    return cells + [cell]


def has_comma(cell):
    return "," in cell and number_in(cell, True) is not None


def number_in(cell, comma):
    # The number in a cell, or None. `float` alone would take 1_000; a cell with both marks has thousands in it.
    if "_" in cell or (comma and "." in cell and "," in cell):
        return None
    try:
        return float(cell.replace(",", ".") if comma else cell)
    except ValueError:
        return None


def is_gap(cell, missing):
    return missing and cell.strip().lower() in ("", "na", "nan", "#n/a")


def value_in(cell, comma, missing):
    # The number in a cell, NaN where it says that there is none, or None.
    return float("nan") if is_gap(cell, missing) else number_in(cell, comma)


def lacks_values(first, comma, body):
    # Whether a first line is a spectrum, perhaps behind a name, in which values are missing.
    values = [value_in(cell, comma, True) for cell in first]
    there = [value for value in values if value is not None and value == value]
    gaps = len(values) - len(there) - values.count(None)
    return gaps > 0 and bool(there) and None not in values[1:] and not looks_like_axis(there, body)


def axis_position(cell, comma):
    # A header cell as a position and its unit: 850, "850.5 nm", X1100, w_900, 11764 cm-1.
    text = cell.strip("'\" ").lower().replace("\u00b5", "u").replace("\u03bc", "u").replace("cm\u207b\u00b9", "cm-1")
    unit = next((u for u in ("nm", "cm-1", "1/cm", "um") if text.endswith(u)), None)
    text = text[: -len(unit)] if unit else text
    text = text.strip(" _()[]")
    for prefix in ("wl", "wn", "x", "w", "\u03bb", "nm"):
        if text.startswith(prefix):
            text = text[len(prefix) :].strip(" _.")
            break
    value = number_in(text, comma)
    return value, "cm-1" if unit == "1/cm" else unit


def read_header(table, comma, missing):
    # The columns of the header that hold the axis (None without a header), the axis, its unit.
    first = table[0][1]
    if missing and lacks_values(first, comma, len(table) > 1):
        return None, None, None
    plain = [number_in(cell, comma) for cell in first]
    if None not in plain and not looks_like_axis(plain, len(table) > 1):
        refuse_disorder(plain, table, comma)
        return None, None, None
    if plain[0] is None and None not in plain[1:] and not looks_like_axis(plain[1:], True):
        refuse_disorder(plain[1:], table, comma)
        return None, None, None  # a name and a spectrum
    found = [axis_position(cell, comma) for cell in first]
    columns = [i for i, (value, _) in enumerate(found) if value is not None]
    axis = [found[i][0] for i in columns]
    counted = [i + 0.0 for i in range(len(axis) + 1)]
    bare = all(found[i][0] == plain[i] for i in columns)  # numbers without a unit or a letter: maybe a spectrum
    if not axis or (axis in (counted[:-1], counted[1:]) and not (bare and len(axis) < 3)):
        return columns, None, None  # columns that are merely numbered
    if not (bare or one_way(axis) or all(found[i][1] for i in columns)):
        raise SpectraError(
            "line %d holds positions in no order; write a unit into each cell of them, as in 850nm" % table[0][0]
        )
    if bare and not (one_way(axis) and looks_like_axis(axis, True)):
        odd = next((i for i, value in enumerate(plain) if value is None), 0)
        raise SpectraError("line %d, column %d: %r is not a number" % (table[0][0], odd + 1, first[odd].strip()[:40]))
    units = sorted({found[i][1] for i in columns if found[i][1]})  # said once, it holds for all
    if len(units) > 1:
        raise SpectraError("line %d: the header says several units, %s" % (table[0][0], " and ".join(units)))
    return columns, axis, units[0] if units else None


def one_way(values):
    pairs = list(zip(values, values[1:]))
    return all(a < b for a, b in pairs) or all(a > b for a, b in pairs)


def looks_like_axis(values, body):
    # Numbers that only rise or only fall: wavelengths when they are large; small ones could as well be a spectrum.
    if not body or len(values) < 3:
        return False
    if not one_way(values):
        return False
    if min(values) >= 100.0:
        return True
    steps = [b - a for a, b in zip(values, values[1:])]
    if min(values) > 0.0 and max(steps) - min(steps) <= 0.01 * abs(steps[0]):
        raise SpectraError("line 1 may be an axis or a spectrum; write a unit into it, as in 0.85um, or remove it")
    return False


def refuse_disorder(values, table, comma):
    # Large numbers in no order above small ones: wavelengths that were shuffled, or one of them twice. Taken for a
    # spectrum they would get an answer.
    if len(values) < 3 or min(values) < 100.0 or one_way(values):
        return
    others = [number_in(cell, comma) for _, cells in table[1:] for cell in cells]
    if others and all(value is None or abs(value) < 0.1 * min(values) for value in others):
        raise SpectraError(
            "line %d may be an axis in no order, or with a position twice; write a unit into its cells, as in 850nm"
            % table[0][0]
        )


def data_columns(header, body, comma, missing):
    # Which columns hold the numbers, and which the names of the samples.
    first = body[0][1]
    if header:
        names = next((i for i in range(len(first)) if i not in set(header)), None)
        return header, names
    numeric = [i for i, cell in enumerate(first) if value_in(cell, comma, missing) is not None]
    start = numeric[0] if numeric else len(first)
    if is_gap(first[0], missing) and any(value_in(cells[0], comma, missing) is None for _, cells in body):
        start = 1  # a name is what is missing
    if start > 1 or not numeric:
        raise SpectraError("line %d, column 1: %r is not a number" % (body[0][0], first[0].strip()[:40]))
    return list(range(start, len(first))), 0 if start else None


def read_row(number, cells, columns, comma, missing):
    try:
        if not comma and len(columns) == len(cells) - columns[0] and "_" not in "".join(cells[columns[0] :]):
            return list(map(float, cells[columns[0] :]))
    except ValueError:
        columns = list(columns)  # look for the cell that is to blame
    row = []
    for column in columns:
        value = value_in(cells[column], comma, missing)
        if value is None:
            raise SpectraError(
                "line %d, column %d: %r is not a number" % (number, column + 1, cells[column].strip()[:40])
            )
        row.append(value)
    return row
