"""Plain JSON: bits are kept both ways, and what cannot be read is refused by its place."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from n4akit import Bundle, load
from n4akit.serve.errors import BadRequest
from n4akit.serve.protocols import plain
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def bundle(fat: Path) -> Bundle:
    return load(fat)


@settings(max_examples=100, deadline=None)
@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=finite))
def test_spectra_arrive_with_their_bits(spectra: Matrix) -> None:
    body = json.dumps({"spectra": spectra.tolist()}).encode()
    _, found = plain.decode(body)
    assert found.dtype == np.float64 and found.shape == spectra.shape and found.tobytes() == spectra.tobytes()


number = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
halfway = st.sampled_from(
    [
        "1.00000000000000011102230246251565404236316680908203125",  # between 1 and the next: to even
        "1.00000000000000011102230246251565404236316680908203126",
        "9007199254740993",
        "2.2250738585072011e-308",
        "4.9406564584124654e-324",
        "2.4703282292062328e-324",
        "1.7976931348623157e308",
        "-0.0",
        "-0",
        "0e999999",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(number | halfway, min_size=1, max_size=8))
def test_numbers_are_rounded_as_python_rounds_them(row: list[str]) -> None:
    """Whatever program wrote the number, and with however many digits; an integer has no negative zero."""
    _, found = plain.decode(f'{{"spectra": [[{", ".join(row)}]]}}'.encode())
    assert found.tobytes() == np.array([float(json.loads(text)) for text in row]).tobytes()


def test_only_spectra_are_needed() -> None:
    question, spectra = plain.decode(b' { "spectra" : [[1, 2.5], [-3, 4e0]] } ')
    assert spectra.tolist() == [[1.0, 2.5], [-3.0, 4.0]]
    assert (question.axis, question.unit, question.strict, question.ids) == (None, None, False, None)


def test_the_rest_is_taken_as_it_is() -> None:
    body = {"ids": ["a", 7, "ü\u2028"], "unit": "nm", "axis": [850, 1050.5], "strict": True, "spectra": [[1, 2]] * 3}
    question, _ = plain.decode(json.dumps(body).encode())
    assert (question.axis, question.unit, question.strict) == ([850.0, 1050.5], "nm", True)
    assert question.ids == ["a", 7, "ü\u2028"]


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "the body is not JSON"),
    "text": ("hello", "the body is not JSON: JSON is malformed: invalid character (byte 0)"),
    "another object behind": ('{"spectra": [[1]]} {}', "trailing characters (byte 20)"),
    "not UTF-8": (b'{"spectra": [[1]], "ids": ["\xff"]}', "the body is not JSON: 'utf-8' codec"),
    "half a character": (r'{"spectra": [[1]], "ids": ["\ud800"]}', "the body is not JSON"),
    "a list": ("[[1]]", "Expected `object`, got `array`"),
    "null": ("null", "Expected `object`, got `null`"),
    "no spectra": ('{"unit": "nm"}', "missing required field `spectra`"),
    "a word that is not known": ('{"spectra": [[1]], "wavelengths": [850]}', "unknown field `wavelengths`"),
    "no rows": ('{"spectra": []}', "spectra: no rows were given, expected at least one"),
    "one flat row": (
        '{"spectra": [1, 2]}',
        "spectra: row 1: Expected `array`, got `int`; give a list of values per spectrum, [[…]] for a single one",
    ),
    "rows in rows": ('{"spectra": [[[1]]]}', "spectra: row 1, point 1: Expected `float`, got `array`"),
    "a row that is missing": ('{"spectra": [[1], null]}', "spectra: row 2: Expected `array`, got `null`"),
    "text in a cell": ('{"spectra": [[1, 2], [3, "4"]]}', "spectra: row 2, point 2: Expected `float`, got `str`"),
    "a hole": ('{"spectra": [[1, 2, null]]}', "spectra: row 1, point 3: Expected `float`, got `null`"),
    "a truth": ('{"spectra": [[true]]}', "spectra: row 1, point 1: Expected `float`, got `bool`"),
    "a NaN": ('{"spectra": [[1, NaN]]}', "spectra: row 1, point 2 is NaN, expected a finite number"),
    "a NaN further on": (
        '{"axis": [1, 2], "ids": ["[NaN", 2], "spectra": [[1, 2],[3,4], [ NaN , 5]]}',
        "spectra: row 3, point 1 is NaN, expected a finite number",
    ),
    "infinity": ('{"spectra": [[Infinity]]}', "spectra: row 1, point 1 is Infinity, expected a finite number"),
    "minus infinity": ('{"spectra": [[-Infinity]]}', "spectra: row 1, point 1 is -Infinity, expected a finite number"),
    "a NaN in the axis": ('{"spectra": [[1]], "axis": [NaN]}', "the body is not JSON: JSON is malformed"),
    "a NaN for a row": ('{"spectra": [NaN]}', "the body is not JSON: JSON is malformed"),
    "a NaN for all": ("NaN", "the body is not JSON: JSON is malformed: invalid character (byte 0)"),
    "a NaN behind all": ('{"spectra": [[1]]} NaN', "trailing characters"),
    "a number too large": ('{"spectra": [[1, 1e309]]}', "spectra: row 1, point 2: Number out of range"),
    "a long row": ('{"spectra": [[1], [2], [3, 4]]}', "spectra: row 3 has 2 values, expected 1 as in row 1"),
    "an empty row": ('{"spectra": [[1, 2], []]}', "spectra: row 2 has 0 values, expected 2 as in row 1"),
    "text as axis": ('{"spectra": [[1]], "axis": "nm"}', "Expected `array | null`, got `str` - at `axis`"),
    "text in the axis": ('{"spectra": [[1]], "axis": ["a"]}', "Expected `float`, got `str` - at `axis[0]`"),
    "a number as unit": ('{"spectra": [[1]], "unit": 1}', "Expected `str | null`, got `int` - at `unit`"),
    "fewer ids": ('{"spectra": [[1], [2]], "ids": ["a"]}', "ids: 1 were given for 2 spectra, expected one each"),
    "no ids": ('{"spectra": [[1]], "ids": []}', "ids: 0 were given for 1 spectra"),
    "a fraction as id": ('{"spectra": [[1]], "ids": [1.5]}', "got `float` - at `ids[0]`"),
    "depth": ("[" * 200_000, "Expected `object`"),
    "depth inside": ('{"spectra": ' + "[" * 200_000, "spectra: row 1, point 1: Expected `float`, got `array`"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_refused_by_its_place(what: str) -> None:
    body, said = REFUSED[what]
    with pytest.raises(BadRequest, match=re.escape(said)) as caught:
        plain.decode(body.encode() if isinstance(body, str) else body)
    assert len(str(caught.value)) < 300, "the body is not said again"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:spectra1.e-NaN \\u0', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        _, spectra = plain.decode(body)
    except BadRequest as error:
        assert str(error)
    else:
        assert spectra.ndim == 2 and np.isfinite(spectra).all()


@settings(max_examples=50, deadline=None)
@given(place=st.tuples(st.integers(0, 5), st.integers(0, 3)), cell=st.sampled_from(['"1"', "null", "false", "{}"]))
def test_the_place_is_counted_as_people_count(place: tuple[int, int], cell: str) -> None:
    table = [["1.5"] * 4 for _ in range(6)]
    row, point = place
    table[row][point] = cell
    body = '{"spectra": [' + ", ".join(f"[{', '.join(cells)}]" for cells in table) + "]}"
    with pytest.raises(BadRequest, match=f"^spectra: row {row + 1}, point {point + 1}: Expected `float`"):
        plain.decode(body.encode())


def answered(bundle: Bundle, values: Matrix, std: Matrix | None = None, **members: Any) -> Any:
    rows = np.linspace(0.0, 1.0, bundle.n_features)[None].repeat(len(values), axis=0)
    question, _ = plain.decode(json.dumps({"spectra": rows.tolist(), **members}).encode())
    result = dataclasses.replace(bundle.predict_full(rows), values=values, std=std)
    return json.loads(plain.encode("some name", bundle, question, result))


@settings(max_examples=100, deadline=None)
@given(values=st.lists(finite, min_size=1, max_size=8))
def test_predictions_leave_with_their_bits(bundle: Bundle, values: list[float]) -> None:
    found = answered(bundle, np.array(values))["values"]
    assert np.array(found, dtype=np.float64).tobytes() == np.array(values).tobytes()


def test_an_answer_says_what_is_needed_to_trust_it(bundle: Bundle) -> None:
    assert answered(bundle, np.array([1.5, 2.0])) == {
        "values": [1.5, 2.0],
        "targets": ["target 0"],
        "units": ["%"],
        "flags": [[], []],
        "axis_action": "axis_unchecked",
        "signal_action": "signal_unchecked",
        "model": "some name",
        "digest": bundle.digest,
        "profile": "exact",
    }


@settings(max_examples=50, deadline=None)
@given(ids=st.lists(st.text(max_size=8) | st.integers(-(10**30), 10**30), min_size=1, max_size=5))
def test_ids_come_back_as_they_were(bundle: Bundle, ids: list[str | int]) -> None:
    assert answered(bundle, np.zeros(len(ids)), ids=ids)["ids"] == ids


def test_several_targets_are_a_list_each(models: Path) -> None:
    answer = answered(load(models / "trio.n4a"), np.arange(6.0).reshape(2, 3))
    assert answer["values"] == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert answer["targets"] == ["target 0", "target 1", "target 2"] and answer["units"] == ["%"] * 3


def test_an_answer_says_how_far_it_may_be_off_where_the_model_does(bundle: Bundle) -> None:
    assert answered(bundle, np.array([1.5, 2.0]), std=np.array([0.25, 0.5]))["std"] == [0.25, 0.5]
