"""Reading spectra from text: what programs and instruments write is understood or refused, never guessed."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from n4akit.bundle.runtime.spectra_csv import SpectraError, read_spectra

ROWS = [[0.5, 1.25, -3.0], [2.0, 0.125, 7e-3]]
AXIS = [1100.0, 1100.5, 1102.0]


def cell(value: float, decimal: str) -> str:
    return repr(value).replace(".", decimal)


def text(separator: str, decimal: str = ".", header: str = "", ids: bool = False, end: str = "\n") -> str:
    lines = [header] if header else []
    for number, row in enumerate(ROWS):
        name = [f"sample {number}"] if ids else []
        lines.append(separator.join([*name, *(cell(value, decimal) for value in row)]))
    return end.join(lines) + end


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("separator", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", "."), ("|", ",")]
)
def test_every_separator_and_decimal_mark_is_found(separator: str, decimal: str, mark: str, end: str) -> None:
    for ids in (False, True):
        found = read_spectra((mark + text(separator, decimal, ids=ids, end=end)).encode())
        assert found.rows == ROWS and found.axis is None
        assert found.ids == (["sample 0", "sample 1"] if ids else None)


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["1100", "1100.5", "1102"], None),
        (["1100 nm", "1100.5nm", "1102 nm"], "nm"),
        (["X1100", "X1100.5", "X1102"], None),
        (['"1100"', '"1100.5"', '"1102"'], None),
        (["λ1100", "λ1100.5", "λ1102"], None),
        (["w_1100", "w_1100.5", "w_1102"], None),
        (["1100 cm-1", "1100.5 cm-1", "1102 cm-1"], "cm-1"),
        (["1100 cm⁻¹", "1100.5 cm⁻¹", "1102 cm⁻¹"], "cm-1"),
        (["1100 1/cm", "1100.5 1/cm", "1102 1/cm"], "cm-1"),
        (["1100 µm", "1100.5 µm", "1102 µm"], "um"),
        (["1100", "1100.5 nm", "1102"], "nm"),
    ],
)
def test_a_header_of_positions_is_the_axis(cells: list[str], unit: str | None) -> None:
    for separator in (",", ";", "\t"):
        found = read_spectra(text(separator, header=separator.join(cells)))
        assert (found.rows, found.axis, found.unit) == (ROWS, AXIS, unit)


def test_columns_of_other_things_are_left_out() -> None:
    found = read_spectra("id,1100,1101,1102,moisture %,farm\na,1,2,3,12.5,north\nb,4,5,6,,\n")
    assert (found.rows, found.ids, found.axis) == (
        [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        ["a", "b"],
        [1100.0, 1101.0, 1102.0],
    )


def test_numbered_columns_are_no_axis() -> None:
    for header in ("0,1,2", "1,2,3", "x1,x2,x3"):
        found = read_spectra(text(",", header=header)) if "x" in header else None
        assert found is None or (found.rows == ROWS and found.axis is None)


def test_a_first_row_of_numbers_is_a_spectrum_unless_it_can_only_be_an_axis() -> None:
    assert read_spectra("0.2,0.3,0.25\n0.1,0.2,0.4\n").rows == [[0.2, 0.3, 0.25], [0.1, 0.2, 0.4]]
    assert read_spectra("900,950,1000\n0.1,0.2,0.4\n").axis == [900.0, 950.0, 1000.0]
    assert read_spectra("12500,10000,4000\n0.1,0.2,0.4\n").axis == [12500.0, 10000.0, 4000.0]
    assert read_spectra("0.1,0.2,0.4\n").rows == [[0.1, 0.2, 0.4]]
    with pytest.raises(SpectraError, match="may be an axis or a spectrum"):
        read_spectra("0.85,0.86,0.87\n0.1,0.2,0.4\n")


def test_positions_in_any_order_are_an_axis_where_each_says_its_unit() -> None:
    assert read_spectra("id,1000nm,900 nm,950nm\na,0.1,0.2,0.4\n").axis == [1000.0, 900.0, 950.0]
    with pytest.raises(SpectraError, match="line 1 holds positions in no order; write a unit into each cell"):
        read_spectra("id,1000nm,900,950\na,0.1,0.2,0.4\n")
    for header in ("id,1000,900,950", "id,900,950,950", "sample;1000,5;900;950"):
        separator = ";" if ";" in header else ","
        with pytest.raises(
            SpectraError, match="line 1 may be an axis in no order, or with a position twice; write a unit"
        ):
            read_spectra(header + "\n" + separator.join(["a", "0.1", "0.2", "0.4"]) + "\n")
    assert read_spectra("1000,900,950\n800,820,810\n").axis is None, "counts of a detector"


def test_quoted_cells_and_a_separator_at_the_end_are_read() -> None:
    found = read_spectra('"a, b";1,5;2,5;\n"c";3,5;4,5;\n')
    assert (found.ids, found.rows) == (["a, b", "c"], [[1.5, 2.5], [3.5, 4.5]])


def test_a_decimal_comma_in_one_line_is_enough() -> None:
    assert read_spectra("1;2,5\n3;4\n").rows == [[1.0, 2.5], [3.0, 4.0]]


def test_text_of_windows_is_read() -> None:
    assert read_spectra("gr\xfcn;1;2\n".encode("cp1252")).ids == ["grün"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "it is empty"),
        ("\n \r\n", "it is empty"),
        ("3,2,3\n4,x,6\n", "line 2, column 2: 'x' is not a number"),
        ("1,x,3\n4,5,6\n", "line 1, column 2: 'x' is not a number"),
        ("3,2,3\n4,,6\n", "line 2, column 2: '' is not a number"),
        ("1,2,3\n4,5\n", "line 2 has 2 cells, line 1 has 3"),
        ("1.5;1.234,5;2\n2,5;3,5;4\n", "line 1, column 2: '1.234,5' is not a number"),
        ("1;1_000\n2;3\n", "line 1, column 2: '1_000' is not a number"),
        ("a,b\nx,y\n", "line 1, column 1: 'a' is not a number"),
        ("1100nm,1100.5um,1102\n1,2,3\n", "line 1: the header says several units, nm and um"),
        ("id,1100,1101,1102\n", "no spectrum under line 1, which is a header"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(given: str, said: str) -> None:
    with pytest.raises(SpectraError, match=re.escape(said)):
        read_spectra(given)


N = math.nan


def same(found: list[list[float]], expected: list[list[float]]) -> bool:
    return repr(found) == repr(expected)


@pytest.mark.parametrize("gap", ["", " ", "NA", "na", "NaN", "nan", "#N/A", '""', '"NA"'])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_cell_without_a_value_is_one_where_it_may_be(gap: str, separator: str) -> None:
    for header, expected in (
        (["900nm", "901nm", "902nm"], [[1.0, N, 3.0], [N, 5.0, N]]),
        (["id", "900", "901", "902"], [[1.0, N, 3.0], [N, 5.0, N]]),
        ([], [[1.0, N, 3.0], [4.0, 5.0, N]]),
        ([], [[N, 2.0, 3.0], [4.0, N, 6.0]]),
    ):
        named = header[:1] == ["id"]
        rows = [[gap if value != value else repr(value) for value in row] for row in expected]
        lines = [*[header][: len(header)], *(["sample", *row] if named else row for row in rows)]
        written = "\n".join(map(separator.join, lines))
        found = read_spectra(written, missing=True)
        assert same(found.rows, expected) and found.ids == (["sample", "sample"] if named else None)
        assert (found.axis is None) == (header == [])
        if "nan" not in gap.lower():
            with pytest.raises(SpectraError, match=r"'(NA|na|#N/A|) ?' is not a number|has . cells"):
                read_spectra(written)


@pytest.mark.parametrize(
    ("given", "rows", "ids"),
    [
        ("a,1,,3\n,4,5,6\n", [[1.0, N, 3.0], [4.0, 5.0, 6.0]], ["a", ""]),
        (",1,5,3\nb,4,,6\n", [[1.0, 5.0, 3.0], [4.0, N, 6.0]], ["", "b"]),
        (",900,901,902\na,1,,3\n", [[1.0, N, 3.0]], ["a"]),
        ("900,901,902\n,,3\n", [[N, N, 3.0]], None),
        ("1;;3,5\n2;3;4\n", [[1.0, N, 3.5], [2.0, 3.0, 4.0]], None),
        ("1,2,\n4,5,\n", [[1.0, 2.0], [4.0, 5.0]], None),
        ("1,5,3,\n4,,6,\n", [[1.0, 5.0, 3.0, N], [4.0, N, 6.0, N]], None),
        ("0.1,,0.3\n", [[0.1, N, 0.3]], None),
        ("1\t\t3\n2\t1\t\n", [[1.0, N, 3.0], [2.0, 1.0, N]], None),
        ("1,2,NA\n4,5,NA\n", [[1.0, 2.0, N], [4.0, 5.0, N]], None),
    ],
)
def test_what_may_be_a_value_a_name_or_an_end_is_told_apart(
    given: str, rows: list[list[float]], ids: list[str] | None
) -> None:
    """Where a name, a last value, or a separator that ends rows may be meant, there is a cell too many: no shift."""
    found = read_spectra(given, missing=True)
    assert same(found.rows, rows) and found.ids == ids


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("1,2,3\n,,\n", "line 2 has no value in any cell; remove it, or write NA into its cells"),
        ("1\t2\t3\n\t\t\n", "line 2 has no value in any cell"),
        ('1;2;3\n"";"";""\n', "line 2 has no value in any cell"),
        ("1,5,3\n4,x,6\n", "line 2, column 2: 'x' is not a number"),
        ("0.1,x,,0.3\n4,5,6,7\n", "line 1, column 2: 'x' is not a number"),
        ("1,2,3\n4,5\n", "line 2 has 2 cells, line 1 has 3"),
    ],
)
def test_what_is_no_missing_value_is_refused_where_there_may_be_some(given: str, said: str) -> None:
    with pytest.raises(SpectraError, match=re.escape(said)):
        read_spectra(given, missing=True)


def test_a_header_that_lacks_a_position_is_no_spectrum() -> None:
    for name, first in ((["id"], ["a"]), ([], [])):
        written = "\n".join(
            ",".join(cells) for cells in ([*name, "900", "", "902", "903"], [*first, "1", "2", "3", "4"])
        )
        found = read_spectra(written, missing=True)
        assert (found.rows, found.axis) == ([[1.0, 3.0, 4.0]], [900.0, 902.0, 903.0])


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.integers(3, 6).flatmap(
        lambda width: st.lists(
            st.lists(numbers | st.just(N), min_size=width, max_size=width).filter(
                lambda row: repr(row).count("nan") < width
            ),
            min_size=1,
        )
    ),
    st.sampled_from(["", "NA", "NaN"]),
    st.sampled_from([(",", "."), (";", ","), ("\t", "."), ("|", ",")]),
    st.booleans(),
)
def test_missing_values_are_read_where_they_were_written(
    rows: list[list[float]], gap: str, marks: tuple[str, str], named: bool
) -> None:
    separator, decimal = marks
    header = ["id"] * named + [f"{900 + i}nm" for i in range(len(rows[0]))]
    table = [
        [f"s{number}"] * named + [gap if v != v else cell(v, decimal) for v in row] for number, row in enumerate(rows)
    ]
    assert same(read_spectra("\n".join(separator.join(cells) for cells in [header, *table]), missing=True).rows, rows)


@given(
    st.integers(2, 6).flatmap(lambda width: st.lists(st.lists(numbers, min_size=width, max_size=width), min_size=1)),
    st.sampled_from([(",", "."), (";", ","), ("\t", "."), ("|", ",")]),
    st.sampled_from(["", "id", "900nm"]),
    st.booleans(),
)
def test_a_text_that_lacks_nothing_is_read_as_everywhere(
    rows: list[list[float]], marks: tuple[str, str], header: str, ended: bool
) -> None:
    separator, decimal = marks
    end = separator if ended else ""
    head = {
        "": [],
        "id": [["id", *(f"{900 + i}nm" for i in range(len(rows[0])))]],
        "900nm": [[f"{900 + i}" for i in range(len(rows[0]))]],
    }
    table = [
        *head[header],
        *([*(["name"] if header == "id" else []), *(cell(v, decimal) for v in row)] for row in rows),
    ]
    written = "\n".join(separator.join(cells) + end for cells in table)
    assert outcome(written, True) == outcome(written, False)


def outcome(written: str, missing: bool) -> str:
    try:
        found = read_spectra(written, missing)
    except SpectraError as error:
        return str(error)
    return repr(vars(found))


@given(
    st.integers(3, 6).flatmap(lambda width: st.lists(st.lists(numbers, min_size=width, max_size=width), min_size=1)),
    st.sampled_from([(",", "."), (";", ","), ("\t", "."), ("|", ",")]),
)
def test_what_was_written_is_read_to_the_last_bit(rows: list[list[float]], marks: tuple[str, str]) -> None:
    separator, decimal = marks
    header = separator.join(f"{900 + i}nm" for i in range(len(rows[0])))
    written = "\n".join([header, *(separator.join(cell(v, decimal) for v in row) for row in rows)])
    found = read_spectra(written).rows
    assert found == rows
    assert [math.copysign(1, v) for row in found for v in row] == [math.copysign(1, v) for row in rows for v in row]


@given(
    st.text(alphabet="0123456789.,;\t|\n\r-+eE \"'xnminfa_#N/A", max_size=80) | st.binary(max_size=80), st.booleans()
)
def test_any_text_is_read_or_refused(given: str | bytes, missing: bool) -> None:
    try:
        found = read_spectra(given, missing)
    except SpectraError:
        return
    assert found.rows and len({len(row) for row in found.rows}) == 1
    assert found.axis is None or len(found.axis) == len(found.rows[0])
    assert found.ids is None or len(found.ids) == len(found.rows)
