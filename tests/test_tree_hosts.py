"""A forest in three hosts: the same bits on its thresholds, and the same refusal of what float32 cannot hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from n4akit import Bundle, InputError, load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.export import export
from n4akit.bundle.landmarks import landmarks
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from .conftest import Tecator
from .serve.server import Server, serving
from .test_hosts import Refused, as_csv, run_script

FLOAT32 = float(np.finfo(np.float32).max)


class Hosts(NamedTuple):
    """One forest, at home in each."""

    model: RandomForestRegressor
    library: Bundle
    script: Path
    server: Server
    thresholds: NDArray[np.float64]
    """(n, 20), on thresholds and one double above."""

    def predict(self, host: str, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predictions of a host; Refused with its words when it refuses."""
        if host == "script":
            return run_script(self.script, as_csv(X, None, None))
        if host == "library":
            try:
                return self.library.predict(X)
            except InputError as error:
                raise Refused(str(error)) from error
        reply = self.server.predict("forest", X)
        if reply.status != 200:
            raise Refused(reply.json["detail"])
        return np.array(reply.json["values"])


HOSTS = ("library", "script", "server")


@pytest.fixture(scope="module")
def hosts(tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    folder = tmp_path_factory.mktemp("trees")
    fitted = RandomForestRegressor(5, max_depth=6, n_jobs=1, random_state=0).fit(tecator.X[:, ::5], tecator.fat)
    chain = from_sklearn(fitted)
    rows = landmarks(chain.branches["0"][0].operators, 20, 100)
    assert rows is not None
    bundle, script = (export(chain, folder / "forest", format) for format in ("n4a", "n4a.py"))
    with serving(bundle) as server:
        yield Hosts(fitted, load(bundle), script, server, rows)


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_goes_where_scikit_learn_goes(hosts: Hosts, host: str) -> None:
    assert hosts.predict(host, hosts.thresholds).tobytes() == hosts.model.predict(hosts.thresholds).tobytes()


@pytest.mark.parametrize("beyond", [float(np.nextafter(FLOAT32, np.inf)), -3.5e38, 1e40, -1e149])
@pytest.mark.parametrize("host", HOSTS)
def test_what_float32_cannot_hold_is_refused_by_every_host(hosts: Hosts, host: str, beyond: float) -> None:
    """Wherever it stands: whether a tree asks for that point is no matter."""
    X = np.tile(hosts.thresholds[0], (3, 1))
    for point in (0, 19):
        X[1] = hosts.thresholds[0]
        X[1, point] = beyond
        with pytest.raises(Refused, match="row 2: no finite result"):
            hosts.predict(host, X)


@pytest.mark.parametrize("host", HOSTS)
def test_the_largest_of_float32_is_predicted_by_every_host(hosts: Hosts, host: str) -> None:
    X = hosts.thresholds[:2].copy()
    X[0, 0], X[1, 19] = FLOAT32, -FLOAT32
    assert hosts.predict(host, X).tobytes() == hosts.model.predict(X).tobytes()
