"""Pickles read by exact names: what is on the list is read, what is not is refused before anything of it runs."""

from __future__ import annotations

import io
import pickle
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from n4akit.bundle.capture import READERS
from n4akit.bundle.capture.remains import Remains, remains
from n4akit.bundle.dialects import UnknownName, load
from sklearn.cross_decomposition import PLSRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X = np.random.default_rng(0).normal(size=(20, 6))


def dumped(obj: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(obj, buffer, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("compress", [0, 3])
def test_fitted_estimators_are_read_with_their_arrays(compress: int) -> None:
    fitted = make_pipeline(StandardScaler(), PLSRegression(2)).fit(X, X[:, 0])
    for data in (dumped(fitted, compress=compress), pickle.dumps(fitted)):
        assert (load(data, "model").predict(X) == fitted.predict(X)).all()


def test_classes_that_are_not_installed_leave_their_name_and_attributes() -> None:
    made = remains("nirs4all.operators.transforms.scalers", "StandardNormalVariate")()
    made.__dict__.update(axis=1, ddof=0)
    data = _spelled(made)
    found = load(data, "snv")
    assert isinstance(found, Remains) and vars(found) == {"axis": 1, "ddof": 0}
    assert f"{type(found).__module__}.{type(found).__qualname__}" in READERS


def _spelled(obj: Any) -> bytes:
    """A pickle that names the class of an object whose module cannot be imported."""
    module, name = type(obj).__module__, type(obj).__qualname__
    state = pickle.dumps(vars(obj), 2)[2:-1]
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + b")\x81" + state + b"b."


def calling(module: str, name: str, *arguments: str) -> bytes:
    """A pickle that calls what it names."""
    given = b"(" + b"".join(b"V" + a.encode() + b"\n" for a in arguments) + b"t"
    return b"c" + f"{module}\n{name}\n".encode() + given + b"R."


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("sklearn.utils", "_joblib"),
        ("sklearn.pipeline", "joblib.Parallel"),
        ("sklearn.preprocessing", "StandardScaler.__init__"),
        ("numpy", "load"),
        ("numpy.core.multiarray", "fromfile"),
        ("numpy.core", "os.system"),
        ("n4akit.bundle.transformers", "np.load"),
        ("joblib.numpy_pickle", "load"),
        ("nirs4all.operators.transforms.scalers", "Anything"),
        ("importlib", "import_module"),
    ],
)
def test_names_that_are_not_on_the_list_are_refused_and_nothing_is_called(
    module: str, name: str, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    for data in (calling(module, name, f"touch {trap}"), zlib.compress(calling(module, name, f"touch {trap}"))):
        with pytest.raises(
            UnknownName, match=rf"evil: {module}\.{name} is named in the pickle, and is not on the list"
        ):
            load(data, "evil")
    assert not trap.exists()


def test_arrays_of_objects_are_refused() -> None:
    with pytest.raises(UnknownName, match="array of Python objects"):
        load(dumped(np.array([print, 1], dtype=object)), "evil")


@pytest.mark.parametrize("data", [b"", b"not a pickle", b"\x80\x05", b"\x78\x9cgarbage", dumped(X)[:-20]])
def test_what_is_no_pickle_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="file: cannot be read"):
        load(data, "file")


def test_every_class_that_can_be_read_may_be_loaded_or_stood_in_for() -> None:
    for name in READERS:
        module, _, short = name.rpartition(".")
        if module.startswith("nirs4all."):
            data = b"\x80\x02c" + f"{module}\n{short}\n".encode() + b"."
            assert issubclass(load(data, name), Remains)
