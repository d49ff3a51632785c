"""Arrays come back with every bit, whatever their layout; probabilities with their shape; empty is not absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from n4akit.store import Refused, UnknownId, WorkspaceStore
from numpy.typing import NDArray

from .study import Study, read

NAMES = ("y_true", "y_pred", "y_proba", "sample_indices", "weights")
NUMBERS = npst.floating_dtypes(sizes=(16, 32, 64), endianness="?") | npst.integer_dtypes(endianness="?")
INDICES = npst.integer_dtypes(endianness="?") | npst.unsigned_integer_dtypes(endianness="?", sizes=(8, 16, 32))
MODEST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def drawn(data: st.DataObject, dtypes: st.SearchStrategy[np.dtype[Any]], dimensions: int = 1) -> NDArray[Any]:
    """An array of any layout: contiguous, strided, backward, in Fortran order, read-only, or unaligned."""
    shape = data.draw(npst.array_shapes(min_dims=dimensions, max_dims=dimensions, min_side=0, max_side=9))
    array = data.draw(npst.arrays(data.draw(dtypes), shape))
    layout = data.draw(st.sampled_from(["plain", "strided", "backward", "fortran", "fixed", "unaligned"]))
    if layout == "strided":
        array = np.repeat(array, 2, axis=0)[::2]
    elif layout == "backward":
        array = array[::-1].copy()[::-1]
    elif layout == "fortran":
        array = np.asfortranarray(array)
    elif layout == "fixed":
        array.setflags(write=False)
    elif layout == "unaligned":
        raw = b"\0" + array.tobytes()
        array = np.frombuffer(raw, np.uint8)[1:].view(array.dtype).reshape(shape)
    return array


def assert_same_bits(found: NDArray[Any], given: NDArray[Any], dtype: str) -> None:
    expected = given.astype(dtype)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


@given(st.data())
@MODEST
def test_every_bit_comes_back_from_any_dtype_and_layout(unchanged: Study, data: st.DataObject) -> None:
    given = {name: drawn(data, NUMBERS) for name in ("y_true", "y_pred", "weights")}
    proba, indices = drawn(data, NUMBERS, dimensions=2), drawn(data, INDICES)
    found = unchanged.arrays(unchanged.prediction(), y_proba=proba, sample_indices=indices, **given)
    for name, array in given.items():
        assert_same_bits(found[name], array, "<f8")
    assert_same_bits(found["y_proba"], proba, "<f8")
    assert_same_bits(found["sample_indices"], indices, "<i8")


def test_every_bit_outlives_closing_and_vacuum(study: Study, workspace: Path) -> None:
    odd = np.array([0x7FF8_0000_0000_0001, 0xFFF8_DEAD_BEEF_0000, 0x8000_0000_0000_0000, 1], np.uint64).view(np.float64)
    values = np.concatenate([odd, np.random.default_rng(3).normal(size=5000), np.arange(100.0)])
    prediction = study.prediction()
    study.store.save_prediction_arrays(prediction, values, values[::-1])
    study.store.vacuum()
    study.store.close()
    with WorkspaceStore(workspace) as again:
        found = read(again, prediction)
    assert_same_bits(found["y_true"], values, "<f8")
    assert_same_bits(found["y_pred"], values[::-1], "<f8")


@pytest.mark.parametrize("shape", [(3, 2), (0, 4), (4, 0), (2, 3, 4), (5,)])
def test_probabilities_keep_their_shape(shape: tuple[int, ...], unchanged: Study) -> None:
    proba = np.random.default_rng(0).normal(size=shape)
    found = unchanged.arrays(unchanged.prediction(), y_proba=proba)
    assert_same_bits(found["y_proba"], proba, "<f8")


@pytest.mark.parametrize("name", NAMES)
def test_empty_is_not_absent(name: str, unchanged: Study) -> None:
    found = unchanged.arrays(unchanged.prediction(), **{name: np.empty(0)})
    assert found[name].shape == (0,)
    assert [found[other] for other in NAMES if other != name] == [None] * 4


def test_arrays_that_were_never_saved_are_none(unchanged: Study) -> None:
    found = read(unchanged.store, unchanged.prediction())
    assert [found[name] for name in NAMES] == [None] * 5


def test_arrays_are_not_there_unless_asked_for(unchanged: Study) -> None:
    row = unchanged.store.get_prediction(unchanged.prediction())
    assert row is not None
    assert not set(NAMES) & set(row)


def test_arrays_that_were_read_can_be_written_to(unchanged: Study) -> None:
    found = unchanged.arrays(unchanged.prediction(), y_true=np.ones(3), y_proba=np.ones((3, 2)))
    found["y_true"][0] = found["y_proba"][0, 0] = 5.0
    assert found["y_true"].tolist() == [5.0, 1.0, 1.0]


def test_sample_indices_are_whole_to_the_last_of_64_bits(unchanged: Study) -> None:
    indices = np.array([2**63 - 1, -(2**63), 2**53 + 1, 2**31])
    found = unchanged.arrays(unchanged.prediction(), sample_indices=indices)
    assert found["sample_indices"].tolist() == indices.tolist()


def test_lists_are_arrays_too(unchanged: Study) -> None:
    found = unchanged.arrays(unchanged.prediction(), y_true=[1, 2.5], y_proba=[[0.5, 0.5]], sample_indices=[3, 4])
    assert (found["y_true"].tolist(), found["y_proba"].tolist()) == ([1.0, 2.5], [[0.5, 0.5]])
    assert found["sample_indices"].tolist() == [3, 4]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("y_true", np.ma.masked_array([1.0, 2.0], [False, True])),
        ("y_true", np.array(["a", "b"])),
        ("y_pred", np.array([1 + 2j])),
        ("y_pred", np.array([True])),
        ("y_pred", np.array([None, 1.0])),
        ("y_pred", np.array(["2026-11-23"], "M8[D]")),
        ("y_proba", [[1.0], [1.0, 2.0]]),
        ("sample_indices", np.array([1.0])),
        ("sample_indices", ["a"]),
        ("sample_indices", np.array([2**63], np.uint64)),
        ("weights", {"a": 1}),
    ],
)
def test_what_holds_no_numbers_is_refused_by_name(name: str, values: Any, unchanged: Study) -> None:
    prediction = unchanged.prediction()
    with pytest.raises(Refused, match=name):
        unchanged.arrays(prediction, **{name: values})
    assert unchanged.arrays(prediction, y_true=np.ones(1))["y_true"].tolist() == [1.0]  # nothing was recorded before


@pytest.mark.parametrize("moved", [False, True], ids=["from the inbox", "from the database"])
def test_arrays_are_saved_once(moved: bool, study: Study, workspace: Path) -> None:
    prediction = study.prediction()
    first = study.arrays(prediction, y_true=np.ones(2)) if moved else None
    if first is None:
        study.store.save_prediction_arrays(prediction, np.ones(2), None)
    with pytest.raises(Refused, match=f"{prediction}.*saved already"):
        study.store.save_prediction_arrays(prediction, np.zeros(2), None)
    study.store.close()
    with WorkspaceStore(workspace) as again:
        with pytest.raises(Refused, match="saved already"):
            again.save_prediction_arrays(prediction, np.zeros(2), None)
        assert read(again, prediction)["y_true"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("moved", ["nothing", "the prediction", "the arrays"])
@pytest.mark.parametrize("second", ["owner", "other", "newcomer"])
@pytest.mark.parametrize("first", ["owner", "other"])
def test_of_several_stores_one_saves_the_arrays(
    first: str, second: str, moved: str, study: Study, workspace: Path
) -> None:
    prediction = study.prediction()
    with WorkspaceStore(workspace) as other:
        stores = {"owner": study.store, "other": other}
        if moved == "the prediction":
            other.list_runs()
        stores[first].save_prediction_arrays(prediction, np.ones(2), None)
        if moved == "the arrays":
            other.list_runs()
        with WorkspaceStore(workspace) as newcomer, pytest.raises(Refused, match=f"{prediction}.*saved already"):
            {**stores, "newcomer": newcomer}[second].save_prediction_arrays(prediction, np.zeros(2), None)
        assert read(other, prediction)["y_true"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("recorded", [False, True], ids=["before it was recorded", "after it was recorded"])
def test_a_save_that_was_interrupted_is_known_for_what_it_did(
    recorded: bool, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    prediction, inbox = study.prediction(), study.store._writing._inbox

    def interrupted(*record: Any, **rules: Any) -> None:
        if recorded:
            type(inbox).put(inbox, *record, **rules)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(inbox, "put", interrupted)
        with pytest.raises(KeyboardInterrupt):
            study.store.save_prediction_arrays(prediction, np.ones(1), None)
    if recorded:
        with pytest.raises(Refused, match="saved already"):
            study.store.save_prediction_arrays(prediction, np.zeros(1), None)
        assert read(study.store, prediction)["y_true"].tolist() == [1.0]
    else:
        assert study.arrays(prediction, y_true=np.ones(1))["y_true"].tolist() == [1.0]


def test_arrays_of_a_deleted_prediction_are_refused(study: Study) -> None:
    prediction = study.prediction()
    assert study.store.delete_prediction(prediction)
    with pytest.raises(UnknownId, match=prediction):
        study.store.save_prediction_arrays(prediction, np.ones(1), None)
