"""The whole zoo over versions of scikit-learn, each in an environment of its own: nothing differs without a word.

What was fitted there is captured here and predicts as it did there, or was captured there and gives the same bits here,
or is refused by name. Long: `pytest -m soak`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from n4akit.bundle import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.capture.origin import check_origin
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.writer import prepare

from ..agreement import carried, differences, same
from ..elsewhere import Left, open_left
from ..foreign import judge, opened
from ..zoo import X_new

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[3]

ENVIRONMENTS: Mapping[str, tuple[str, ...]] = {
    "1.3.2": ("scikit-learn==1.3.2", "numpy==1.26.4", "scipy<1.12"),
    "1.5.2": ("scikit-learn==1.5.2",),
    "1.7.2": ("scikit-learn==1.7.2",),
    sklearn.__version__: (f"scikit-learn=={sklearn.__version__}", f"numpy=={np.__version__}"),
}
"""What is installed for each version; the last is the one that is running."""


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """An environment, and what it left of each entry."""

    version: str
    left: dict[str, Left]


def _run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, **options)


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    version: str = request.param
    folder = tmp_path_factory.mktemp("environment")
    python = folder / "bin" / "python"
    assert _run(sys.executable, "-m", "venv", folder).returncode == 0
    installed = _run(python, "-m", "pip", "install", "--quiet", *ENVIRONMENTS[version])
    if installed.returncode:
        said = f"pip cannot install {' '.join(ENVIRONMENTS[version])} here: {installed.stderr.strip()[-200:]}"
        pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)
    paths = os.pathsep.join([str(ROOT), str(ROOT / ".path")])
    done = _run(
        *(python, "-m", "tests.bundle.elsewhere", folder / "zoo.zip"),
        env=os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    environment, left = open_left(folder / "zoo.zip")
    assert environment["scikit-learn"] == version and len(left) > 200
    return Elsewhere(version, left)


@pytest.mark.parametrize("kind", ["pickle", "joblib"])
def test_a_pickle_answers_here_as_there_or_is_refused_by_name(elsewhere: Elsewhere, kind: str, tmp_path: Path) -> None:
    verdicts = Counter(judge(left, kind, tmp_path, elsewhere.version) for left in elsewhere.left.values())
    print(f"\nscikit-learn {elsewhere.version}, {kind}: {dict(verdicts)}")
    assert verdicts["captured"] > 50


def test_a_bundle_made_there_answers_as_there_and_says_where_it_was_proven(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    bundles = {name: left for name, left in elsewhere.left.items() if "n4a" in left.files}
    print(f"\nscikit-learn {elsewhere.version}: {len(bundles)} captured there")
    assert len(bundles) > 50 and all(left.refused for n, left in elsewhere.left.items() if n not in bundles)
    for number, (name, left) in enumerate(bundles.items()):
        path = tmp_path / f"{number}.n4a"
        path.write_bytes(left.files["n4a"])
        bundle = load(path)
        assert differences(bundle, left.answers) == [], name
        assert {step["verified"] for step in bundle.manifest["chain"]["steps"]} <= {"origin-environment"}, name


def test_captured_there_or_here_it_gives_the_same_bits(elsewhere: Elsewhere, tmp_path: Path) -> None:
    both = 0
    for name, left in elsewhere.left.items():
        if "n4a" not in left.files:
            continue
        (tmp_path / "there.n4a").write_bytes(left.files["n4a"])
        try:
            fitted, environment = opened(left, "pickle", tmp_path)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                chain = from_sklearn(fitted, n_features=16, environment=environment)
        except CaptureError:
            continue
        both += 1
        here, there = carried(prepare(chain), tmp_path), load(tmp_path / "there.n4a")
        np.testing.assert_array_equal(here.predict(X_new), there.predict(X_new), err_msg=name)
    assert both > 50


def test_what_may_be_read_is_what_is_still_understood(elsewhere: Elsewhere, tmp_path: Path) -> None:
    """The table of classes whose states were compared, compared: whatever reads them, the live object is no liar."""
    lied = set()
    for name, left in elsewhere.left.items():
        try:
            fitted, environment = opened(left, "pickle", tmp_path)
            check_origin([fitted], environment)
        except CaptureError:
            continue
        for method, expected in left.answers.items():
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = getattr(fitted, method)(X_new.copy())
            except (AttributeError, TypeError):
                continue  # it fails, and says so
            if not same(found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found, expected):
                lied.add(name.partition("(")[0])
    # These are not read by what they answer.
    assert lied <= {"PLSRegression", "PLSCanonical", "CCA"}
