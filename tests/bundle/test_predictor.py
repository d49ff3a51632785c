"""Predicting: the shapes of answers, every bad row named, and what is said beside the number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle import Axis, AxisError, Bundle, InputError, Target, load
from n4akit.bundle.predictor import Predictor
from n4akit.bundle.runtime import Constant, Input, Instruction, Output, Plan
from n4akit.bundle.runtime.replay import Replay
from n4akit.bundle.runtime.verdict import FLAT


@pytest.fixture
def bundle(saved: Path) -> Bundle:
    return load(saved)


def linear(width: int, targets: int = 1) -> Predictor:
    """A plain linear model, which has an answer for constant rows too."""
    table = Constant.of(np.arange(1.0, 1.0 + width * targets).reshape(targets, width))
    plan = Plan(
        (Input("x", width),), {"k0": table}, (Instruction("matmul", ("x", "k0"), "x1"),), {"value": Output("x1")}
    )
    names = [Target(f"t{number}") for number in range(targets)]
    return Predictor(plan, axis=None, targets=names, digest="d" * 64)


def test_one_target_gives_a_vector_and_several_a_table(spectra: np.ndarray) -> None:
    assert linear(12).predict(spectra).shape == linear(12).predict_full(spectra).values.shape == (20,)
    assert linear(12, 3).predict(spectra).shape == linear(12, 3).predict_full(spectra).values.shape == (20, 3)
    assert linear(12).predict(spectra[:1]).shape == (1,) and linear(12, 3).predict(spectra[:1]).shape == (1, 3)
    assert linear(12).predict(spectra).dtype == np.float64


def test_predict_and_predict_full_give_the_bits_of_the_replay(model: Any, bundle: Bundle, spectra: np.ndarray) -> None:
    expected = Replay(model.compiled).predict(spectra)[:, 0]
    assert bundle.predict(spectra).tobytes() == bundle.predict_full(spectra).values.tobytes() == expected.tobytes()


@given(st.integers(1, 300), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_a_row_has_the_same_bits_alone_and_in_any_batch(rows: int, size: int) -> None:
    predictor = linear(70, 2)
    X = np.random.default_rng(rows).normal(size=(rows, 70))
    parts = [predictor.predict(X[start : start + size]) for start in range(0, rows, size)]
    assert np.concatenate(parts).tobytes() == predictor.predict(X).tobytes()


@pytest.mark.parametrize(
    "form",
    [
        lambda X: X.tolist(),
        lambda X: X.astype(">f8"),
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1][::-1],
        lambda X: [tuple(row) for row in X],
    ],
)
def test_the_form_of_the_spectra_does_not_matter(
    bundle: Bundle, spectra: np.ndarray, form: Callable[[np.ndarray], Any]
) -> None:
    before = spectra.copy()
    assert bundle.predict(form(spectra)).tobytes() == bundle.predict(spectra).tobytes()
    assert spectra.tobytes() == before.tobytes()


def test_float32_and_integers_widen_exactly(bundle: Bundle, spectra: np.ndarray) -> None:
    narrow = spectra.astype(np.float32)
    assert bundle.predict(narrow).tobytes() == bundle.predict(narrow.astype(np.float64)).tobytes()
    counts = np.arange(24).reshape(2, 12) ** 2
    assert bundle.predict(counts).tobytes() == bundle.predict(counts.astype(np.float64)).tobytes()


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (np.zeros(12), r"a 1-D array of 12 values was given, expected 2-D \(n, 12\).*X\.reshape\(1, -1\)"),
        (np.zeros((3, 11)), "11 values in each row, expected 12, the points this model was trained on"),
        (np.zeros((0, 12)), "no rows were given, expected at least one of 12 values"),
        ([], "no rows were given"),
        (np.zeros((2, 2, 12)), "an array of 3 axes"),
        (np.float64(1.0), r"an array of 0 axes|expected 2-D"),
        ([["0.1"] * 11 + ["x"]], "values of type <U"),
        ([[0.1] * 12, [0.1] * 11], "inhomogeneous|expected"),
        (
            np.zeros((2, 12), dtype=complex),
            "values of type complex128 were given, expected float64, float32 or integers",
        ),
        (np.zeros((2, 12), dtype=bool), "values of type bool"),
        (np.full((2, 12), None), "values of type object"),
        (np.ma.masked_equal(np.zeros((2, 12)), 0.0), "a masked array was given"),
        (None, "values of type object"),
    ],
)
def test_what_are_no_spectra_is_refused(bundle: Bundle, X: Any, words: str) -> None:
    for predict in (bundle.predict, bundle.predict_full):
        with pytest.raises(InputError, match=words) as caught:
            predict(X)
        assert caught.value.rows == ()


def test_every_bad_row_is_named_at_once(bundle: Bundle, spectra: np.ndarray) -> None:
    spectra[3, 7], spectra[9, 0], spectra[9, 1], spectra[19, 11] = np.nan, np.inf, np.nan, -1e151
    for predict in (bundle.predict, bundle.predict_full):
        with pytest.raises(InputError) as caught:
            predict(spectra)
        assert [row for row, _ in caught.value.rows] == [3, 9, 19]
        assert str(caught.value) == (
            "3 of 20 spectra cannot be predicted: row 4: point 8 is nan, expected a finite number below 3e150; "
            "row 10: point 1 is inf, expected a finite number below 3e150; "
            "row 20: point 12 is -1e+151, expected a finite number below 3e150"
        )


def test_a_constant_row_has_no_answer_where_rows_are_scaled(bundle: Bundle, spectra: np.ndarray) -> None:
    spectra[[2, 5]] = [[0.0], [0.5]]
    with pytest.raises(InputError, match=r"2 of 20 .* row 3: no finite result: the spectrum is constant") as caught:
        bundle.predict(spectra)
    assert [row for row, _ in caught.value.rows] == [2, 5]


def test_a_constant_row_is_flagged_where_it_has_an_answer() -> None:
    X = np.array([[1.0, 2.0, 3.0], [0.5, 0.5, 0.5], [0.0, 0.0, 0.0], [-2.0, -2.0, -2.0]])
    assert linear(3).predict_full(X).flags == ((), ("constant_row",), ("constant_row",), ("constant_row",))


def test_constant_means_within_sixteen_units_in_the_last_place() -> None:
    within, beyond = 1.0 - FLAT, 1.0 - 2.0 * FLAT
    flags = linear(3).predict_full([[1.0, within, 1.0], [1.0, beyond, 1.0], [-1.0, 1.0, 1.0]]).flags
    assert flags == (("constant_row",), (), ())
    assert linear(1).predict_full([[3.0]]).flags == (("constant_row",),)
    assert linear(3).predict_full(np.array([[7, 7, 7], [-128, 127, 0]], dtype=np.int8)).flags == (("constant_row",), ())


def test_a_result_says_how_it_was_made(bundle: Bundle, model: Any, spectra: np.ndarray) -> None:
    result = bundle.predict_full(spectra)
    assert (result.profile, result.digest, result.axis_action) == ("exact", bundle.digest, "axis_unchecked")
    assert result.flags == ((),) * 20
    assert bundle.predict_full(spectra, model.chain.axis.values).axis_action == "same"


def test_spectra_on_another_axis_are_brought_to_the_points_of_the_model(
    bundle: Bundle, model: Any, spectra: np.ndarray
) -> None:
    nm = model.chain.axis.values
    expected = bundle.predict(spectra)
    wider = np.full((20, 14), np.nan)
    wider[:, 1:13] = spectra
    for X, wavelengths, unit, action in (
        (spectra[:, ::-1], nm[::-1], None, "sorted"),
        (wider, [700.0, *nm, 2000.0], None, "selected"),
        (spectra, nm / 1000.0, "um", "converted from um"),
        (spectra, 1e7 / nm, None, "recognised as cm-1"),
    ):
        result = bundle.predict_full(X, wavelengths, unit=unit)
        assert (result.axis_action, result.flags) == (action, ((),) * 20)
        assert result.values.tobytes() == bundle.predict(X, wavelengths, unit=unit).tobytes() == expected.tobytes()


def test_a_coarse_grid_is_flagged_for_each_row() -> None:
    table = Constant.of(np.ones((1, 3)))
    plan = Plan((Input("x", 3),), {"k0": table}, (Instruction("matmul", ("x", "k0"), "x1"),), {"value": Output("x1")})
    axis = Axis(np.array([1000.0, 1001.0, 1003.0]), "nm")
    result = Predictor(plan, axis=axis, targets=[Target("y")], digest="d" * 64).predict_full(
        [[1.0, 2.0], [3.0, 3.0]], [1000.0, 1003.0]
    )
    assert result.values.tolist() == [1.0 + (1.0 + 1.0 / 3.0) + 2.0, 9.0] and result.axis_action == "interpolated"
    assert result.flags == (("coarse_axis",), ("constant_row", "coarse_axis"))


def test_bad_rows_are_named_by_the_points_that_were_given(bundle: Bundle, model: Any, spectra: np.ndarray) -> None:
    nm = model.chain.axis.values
    finer = np.linspace(850.0, 1050.0, 45)
    X = np.random.default_rng(1).normal(size=(20, 45))
    X[3, 1], X[9, 0], X[19, 44] = np.nan, np.inf, -1e151
    for predict in (bundle.predict, bundle.predict_full):
        with pytest.raises(InputError) as caught:
            predict(X, finer)
        assert str(caught.value) == (
            "2 of 20 spectra cannot be predicted: row 10: point 1 is inf, expected a finite number below 3e150; "
            "row 20: point 45 is -1e+151, expected a finite number below 3e150"
        ), "point 2 of row 4 is met by nothing"
        with pytest.raises(InputError, match="44 values in each row, expected 45, one for each position of the axis"):
            predict(X[:, :44], finer)
        with pytest.raises(
            InputError, match="45 values in each row, expected 12, the points this model was trained on"
        ):
            predict(X, nm)


def test_another_axis_is_refused_by_both(bundle: Bundle, model: Any, spectra: np.ndarray) -> None:
    for predict in (bundle.predict, bundle.predict_full):
        with pytest.raises(
            AxisError, match=r"the model's point 1 \(850 nm\) lies below 860 nm, the end of the spectra"
        ):
            predict(spectra, model.chain.axis.values + 10.0)
        with pytest.raises(AxisError, match="strict asks"):
            predict(spectra, strict=True)
        with pytest.raises(AxisError, match="strict asks"):
            predict(spectra, model.chain.axis.values + 5.0, strict=True)
        with pytest.raises(AxisError, match="without wavelengths"):
            predict(spectra, unit="nm")


def test_a_model_without_an_axis_takes_its_number_of_points(spectra: np.ndarray) -> None:
    assert linear(12).predict_full(spectra, np.arange(12.0)).axis_action == "axis_unchecked"
    with pytest.raises(AxisError, match="axis: 13 positions were given, the model has 12 points"):
        linear(12).predict(spectra, np.arange(13.0))
