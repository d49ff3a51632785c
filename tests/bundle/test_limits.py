"""What is usual, as a document: it comes back as it was, and a forged one is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from n4akit.bundle import BundleError, limits, load
from n4akit.bundle.domain import Calibration, Validation
from n4akit.bundle.runtime.limits import Envelope, Interval, Limit, Limits
from n4akit.bundle.writer import write_bundle

from .hostile.forge import Change, Contents, npy, packed, taken, with_artifact, with_manifest

Refused = Callable[[Contents], str]

ascending = st.lists(st.floats(0.0, 1e300), min_size=2, max_size=2).map(sorted)
pair = ascending.map(lambda ends: (ends[0], ends[1]))
limit = st.none() | ascending.map(lambda ends: Limit(*ends))
envelopes = st.builds(
    lambda ends, middle, span, stretch: Envelope(np.array(ends), np.array(ends) + 1.0, middle, span, stretch),
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=4),
    pair,
    pair,
    st.integers(1, 99),
)
every = st.builds(
    Limits,
    st.integers(0, 9999),
    st.integers(0, 20),
    limit,
    limit,
    st.lists(pair, max_size=3).map(tuple),
    st.none()
    | st.builds(
        Interval,
        st.text(min_size=1, max_size=9),
        st.floats(0.01, 0.99),
        st.lists(st.floats(0.0, 1e9), min_size=1, max_size=3).map(tuple),
        st.integers(1, 99),
    ),
    st.none() | envelopes,
)


@given(every)
def test_limits_come_back_as_they_were(known: Limits) -> None:
    kept: dict[str, Any] = {}

    def keep(array: Any) -> str:
        kept[name := str(len(kept))] = array
        return name

    back = limits.restored(limits.described(known, keep), kept.__getitem__)
    for name in ("samples", "components", "t2", "q", "ranges", "interval"):
        assert getattr(back, name) == getattr(known, name)
    assert (back.envelope is None) == (known.envelope is None)
    if back.envelope is not None and known.envelope is not None:
        for name in ("low", "high", "middle", "span", "stretch"):
            assert np.array_equal(getattr(back.envelope, name), getattr(known.envelope, name))


@pytest.fixture
def told(model: Any, spectra: np.ndarray, tmp_path: Path) -> Contents:
    """The members of a bundle with all limits: two folds, twelve points, one target."""
    y = np.arange(20.0)
    calibration = Calibration(spectra, y)
    return taken(write_bundle(model.chain, tmp_path / "m.n4a", calibration=calibration, validation=Validation(y, y)))


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Asserts that these members give no model; answers why."""

    def refused(content: Contents) -> str:
        (tmp_path / "forged.n4a").write_bytes(packed(content))
        with pytest.raises(BundleError) as caught:
            load(tmp_path / "forged.n4a")
        return "; ".join(caught.value.problems)

    return refused


ZERO, ONE, INF, NAN = (float(text).hex() for text in ("0", "1", "inf", "nan"))


def _drop(*names: str) -> Change:
    return lambda m: [m["limits"].pop(name) for name in names]


def _put(**values: Any) -> Change:
    return lambda m: m["limits"].update(values)


def _in(name: str, **values: Any) -> Change:
    return lambda m: m["limits"][name].update(values)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_drop("t2"), "expected all of components, q and t2 or none"),
        (_drop("q"), "expected all of components, q and t2 or none"),
        (_drop("components"), "expected all of components, q and t2 or none"),
        (_drop("t2", "q", "components"), "outputs"),
        (lambda m: m.pop("limits"), "outputs"),
        (_put(hook="x"), "'hook' is unknown"),
        (_put(components=0), "limits.components: 0 (an integer), expected"),
        (_put(samples=-1), "limits.samples: -1 (an integer), expected"),
        (_put(t2={"warning": ONE, "error": ZERO}), "limits.t2: warning 1.0 and error 0.0, expected 0 ≤ warning"),
        (_put(q={"warning": NAN, "error": ONE}), "limits.q"),
        (_put(q={"warning": ONE, "error": INF}), "limits.q"),
        (_put(q={"warning": "0.5", "error": ONE}), "limits.q.warning: '0.5' is not how this real is written"),
        (_put(ranges=[[ONE, ZERO]]), "limits.ranges[0]: 1.0 to 0.0, expected finite numbers in ascending order"),
        (_put(ranges=[[ZERO, INF]]), "limits.ranges[0]"),
        (_put(ranges=[[ZERO, ONE], [ZERO, ONE]]), "limits.ranges: 2 of them, expected one for each of 1"),
        (_put(ranges=[[ZERO]]), "limits.ranges[0]: 1 items, expected 2"),
        (_in("interval", half_widths=[ONE, ONE]), "limits.interval: 2 of them, expected one for each of 1"),
        (_in("interval", half_widths=[(-1.0).hex()]), "limits.interval: coverage"),
        (_in("interval", half_widths=[INF]), "limits.interval: coverage"),
        (_in("interval", coverage=ONE), "limits.interval: coverage 1.0"),
        (_in("interval", coverage=NAN), "limits.interval: coverage nan"),
        (_in("envelope", stretch=0), "limits.envelope.stretch: 0 (an integer), expected"),
        (_in("envelope", middle=[ONE, ZERO]), "limits.envelope.middle: 1.0 to 0.0"),
        (_in("envelope", span=[NAN, ONE]), "limits.envelope.span: nan to 1.0"),
        (_in("envelope", low="a" * 64), "is used, but not in the table"),
        (_drop("envelope"), "nothing uses it"),
        (lambda m: m["limits"]["envelope"].update(low=m["limits"]["envelope"]["high"]), "nothing uses it"),
        (
            lambda m: m["limits"]["envelope"].update(
                low=m["limits"]["envelope"]["high"], high=m["limits"]["envelope"]["low"]
            ),
            "limits.envelope: expected finite values, nowhere high below low",
        ),
    ],
)
def test_forged_limits_are_refused(told: Contents, refused: Refused, change: Change, words: str) -> None:
    assert words in refused(with_manifest(told, change))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full(12, np.nan), "limits.envelope: expected finite values"),
        (np.full(12, -np.inf), "limits.envelope: expected finite values"),
        (np.zeros(11), "bytes|shape|size"),
    ],
    ids=["nan", "inf", "short"],
)
def test_a_forged_envelope_is_refused(told: Contents, refused: Refused, array: Any, words: str) -> None:
    low = json.loads(told["manifest.json"])["limits"]["envelope"]["low"]
    assert re.search(words, refused(with_artifact(told, low, npy(array))))


def test_the_untouched_one_is_taken(told: Contents, tmp_path: Path) -> None:
    path = tmp_path / "good.n4a"
    path.write_bytes(packed(with_manifest(told, lambda m: None)))
    known = load(path).limits
    assert known.samples == 20 and known.envelope is not None and known.interval is not None and known.t2 is not None
