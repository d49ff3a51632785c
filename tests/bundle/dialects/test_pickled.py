"""Files of joblib and pickle: what is in them, and who wrote them, whatever protocol and compression."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from n4akit.bundle.dialects import UnknownName, unpickle, written_by
from n4akit.bundle.errors import CaptureError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X = np.random.default_rng(0).normal(size=(20, 6))


def fitted(width: int = 6) -> Any:
    return make_pipeline(StandardScaler(), Ridge()).fit(np.resize(X, (20, width)), X[:, 0])


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("width", [6, 3000, 9000])
def test_every_protocol_says_who_wrote_it(protocol: int, width: int) -> None:
    assert written_by(pickle.dumps(fitted(width), protocol)) == sklearn.__version__
    assert written_by(pickle.dumps({"x": X}, protocol)) is None


@pytest.mark.parametrize("compress", [0, 3, "gzip", "bz2", "lzma", "xz"])
@pytest.mark.parametrize("trust", [False, True])
def test_every_compression_is_read(compress: Any, trust: bool, tmp_path: Path) -> None:
    model = fitted()
    joblib.dump(model, tmp_path / "model", compress=compress)
    found, environment = unpickle(tmp_path / "model", trust=trust)
    assert environment == {"scikit-learn": sklearn.__version__}
    assert (found.predict(X) == model.predict(X)).all()


def test_without_trust_nothing_runs_that_is_not_on_the_list(tmp_path: Path) -> None:
    trap, file = tmp_path / "trap", tmp_path / "model.pkl"
    file.write_bytes(b"cos\nsystem\n(Vtouch " + str(trap).encode() + b"\ntR.")
    with pytest.raises(UnknownName, match=r"os\.system is named in the pickle"):
        unpickle(file)
    assert not trap.exists()


def test_what_cannot_be_read_here_says_who_wrote_it_and_what_to_do(tmp_path: Path) -> None:
    data = pickle.dumps(fitted(), 4).replace(b"sklearn.linear_model._ridge", b"sklearn.linear_model._rigid")
    (tmp_path / "model.pkl").write_bytes(data)
    said = rf"ModuleNotFoundError: .*; scikit-learn {sklearn.__version__} wrote it: capture it in the environment where"
    with pytest.raises(CaptureError, match=said):
        unpickle(tmp_path / "model.pkl", trust=True)
    (tmp_path / "empty.pkl").write_bytes(pickle.dumps(io.StringIO)[:-1])
    with pytest.raises(CaptureError, match=r"empty\.pkl: cannot be read here: .* does not say what wrote it"):
        unpickle(tmp_path / "empty.pkl", trust=True)
