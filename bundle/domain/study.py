"""Study the calibration of a chain: where its spectra lie, and how far from there others of their kind are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..chain import Chain, Domain
from ..compile import compile_plan
from ..errors import InputError
from ..lower import lower
from ..runtime.inputs import bad_rows, matrix, refuse
from ..runtime.limits import Limit, Limits
from ..runtime.replay import Replay
from ..runtime.stdlib import exponential, logarithm, total
from .calibration import Calibration, Validation, ordinals
from .components import Components, components, mean_of, scatter_of, squares
from .conformal import interval
from .envelope import envelope
from .place import place, seen_at

__all__ = ["Study", "study"]

Matrix = NDArray[np.float64]

LEAST = 20
"""Samples without which nothing is said about what is usual."""
MOST = 1000
"""Spectra that principal components are taken of; of more, some that are spread over all."""
COMPONENTS = 20
"""Principal components at most: each costs every full record a product with the whole spectrum. A model with more
latent variables sees what Q then takes for usual: of soils that a shift by −2 nm moved beyond their usual error, 22 %
were noticed with 10 components, 98 % with 20, and 21 hold `SHARE` (tests/benchmarks/README.md, detection)."""
AT_LEAST = 10
"""Components where so many vary, however much of the variance the first hold: of spectra as measured these are mostly
scatter, and four hold `SHARE`, beside which a noise or a band too many are as usual as what a model of twelve latent
variables lives on. 9 to 12 do alike (tests/benchmarks/README.md, detection)."""
SHARE = 0.9999
"""Of the variance is within the components, if that does not take more than `COMPONENTS`."""
PARTS = 10
"""The samples are left out in so many parts, to see how far away those are that the components were not made from."""

WARNING = 1.6448536269514722
ERROR = 4.5
"""Standard deviations, of the cube roots of distances, that are usual: 95 % of a normal distribution are below the
first. The cube root of a sum of squares is nearly normal (Wilson and Hilferty 1931), but real samples are not: beyond
4 are 0.7 to 1 % of those that no component was made of, beyond 4.5 are 0.4 to 0.7 %, and what is none of the
calibration's lies far beyond either (tests/benchmarks/README.md, detection)."""

ROUNDING = 2.0**-40
"""Q that is less, as a part of the squares of a spectrum, is rounding: where all spectra lie within the components. So
are components that hold less of the variance."""


@dataclass(frozen=True, eq=False)
class Study:
    """What was found: `domain` for the plan, `limits` for the manifest."""

    domain: Domain | None = None
    limits: Limits | None = None


def study(chain: Chain, calibration: Calibration | None, validation: Validation | None) -> Study:
    """What calibration and validation say about a chain. Raises InputError where they do not fit it."""
    if calibration is None and validation is None:
        return Study()
    if calibration is None:
        return Study(None, _of_targets(chain, calibration, validation))
    spectra = matrix(calibration.spectra, chain.n_features)
    if bad := bad_rows(spectra, chain.missing):
        raise refuse(bad, len(spectra))
    limits = _of_targets(chain, calibration, validation)
    samples = ordinals("calibration.groups", calibration.groups, len(spectra))
    limits = replace(limits, samples=int(samples.max()) + 1)
    if chain.missing:
        return Study(None, limits)
    after = place(chain)
    seen = seen_at(chain, after, spectra)
    limits = replace(limits, envelope=envelope(np.asarray(spectra, dtype=np.float64)))
    if limits.samples < LEAST:
        return Study(None, limits)
    found, t2, q = _distances(seen, samples)
    if not len(found.variances):
        return Study(None, limits)
    domain = Domain(after, found.mean, found.directions, np.sqrt(found.variances))
    rounding = ROUNDING * float(squares(seen).max())
    limits = replace(limits, t2=_limit(t2), q=_limit(q, rounding))
    return Study(domain, replace(limits, components=len(found.variances)))


def _of_targets(chain: Chain, calibration: Calibration | None, validation: Validation | None) -> Limits:
    """The ranges of references, and how far predictions were off; nothing of classes."""
    if chain.classes is not None:
        return Limits()
    targets = len(chain.targets)
    known = None if calibration is None else calibration.known(targets)
    if validation is None and calibration is not None and calibration.held_out:
        if known is None:
            raise InputError("calibration.held_out: errors need references, and there are none")
        if chain.opaque:
            what = "give what it predicts as validation=Validation(references, predictions)"
            raise InputError(f"calibration.held_out: a pickled step takes part, which is not run here; {what}")
        predicted = Replay(compile_plan(lower(chain))).predict(calibration.spectra)
        validation = Validation(known, predicted, calibration.groups)
    if known is None and validation is not None:
        known = validation.tables(targets)[0]
    return Limits(
        ranges=() if known is None else tuple(zip(known.min(axis=0).tolist(), known.max(axis=0).tolist(), strict=True)),
        interval=None if validation is None else interval(validation, targets),
    )


def _distances(spectra: Matrix, samples: NDArray[np.intp]) -> tuple[Components, Matrix, Matrix]:
    """The components of all spectra, and T² and Q of each spectrum by components that were made without its sample."""
    some = np.arange(len(spectra)) if len(spectra) <= MOST else np.arange(MOST) * len(spectra) // MOST
    base = np.ascontiguousarray(spectra[some] - mean_of(spectra[some]))
    scatter = scatter_of(base)
    whole = components(spectra[some], COMPONENTS, scatter)
    k = min(max(whole.enough(SHARE), min(AT_LEAST, whole.enough(1.0 - ROUNDING))), len(some) // 4)
    t2, q = np.empty(len(spectra)), np.empty(len(spectra))
    for part in range(PARTS):
        out = samples % PARTS == part
        kept = np.flatnonzero(~out[some])
        fitted = components(spectra[some[kept]], k, scatter[np.ix_(kept, kept)])
        t2[out], q[out] = fitted.distances(spectra[out])
    return whole.first(k), t2, q


def _limit(distances: Matrix, least: float = 0.0) -> Limit:
    """Where distances become unusual, by the mean and the spread of their cube roots; nowhere below `least`."""
    roots = [exponential(logarithm(distance) / 3.0) if distance > 0.0 else 0.0 for distance in distances.tolist()]
    n = float(len(roots))
    mean = total(roots) / n
    spread = np.sqrt(total([(root - mean) * (root - mean) for root in roots]) / (n - 1.0))
    warning, error = (mean + deviations * float(spread) for deviations in (WARNING, ERROR))
    return Limit(max(least, warning * warning * warning), max(least, error * error * error))
