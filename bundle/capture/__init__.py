"""Read fitted estimators into a chain: named operators, proven against the live objects, nothing guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..chain import Axis, Chain, Step, Target
from ..errors import CaptureError
from . import decomposition, linear, pls, scaling, selection, spectral  # noqa: F401  they register their readers
from .flatten import leaves
from .opaque import carry
from .origin import check_origin, witnessed
from .registry import READERS, Reading
from .state import State
from .verify import TOLERANCE, Matrix, apply, prove, synthetic_rows

__all__ = ["READERS", "TOLERANCE", "FittedStep", "from_sklearn", "from_steps"]


@dataclass(frozen=True, eq=False)
class FittedStep:
    """A preprocessing step as a workspace recorded it; `fitted` is None for one without state."""

    index: int
    operator_class: str
    params: Mapping[str, Any] = field(default_factory=dict)
    fitted: Any = None


def from_sklearn(
    estimator: Any,
    *,
    wavelengths: ArrayLike | None = None,
    unit: str = "nm",
    targets: Sequence[str | Target] | None = None,
    n_features: int | None = None,
    probes: ArrayLike | None = None,
    opaque: bool = False,
    provenance: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Chain:
    """A fitted scikit-learn regressor or pipeline, or one per fold (a list, or a mapping by fold), as a chain.

    `wavelengths` (p,) in `unit` (nm, um or cm-1) are the points of a spectrum, `targets` name what is predicted. Every
    step is compared with the live object on `probes` (n, p), spectra of your own, or on made-up rows; a difference
    beyond `TOLERANCE` is refused. With `opaque=True` a step that is not known is carried as a pickle.

    `environment` gives the versions with which it was fitted. Of an object that was unpickled it should be given: by
    its `scikit-learn` the state is read, if another one is running (`n4akit.bundle.dialects.unpickle` finds it).

    Raises CaptureError, naming the step, for anything that is not known or whose options are not supported.
    """
    folds = _folds(estimator)
    check_origin(folds.values(), environment or {})
    recorder = _Recorder(_width(folds.values(), wavelengths, n_features), probes, opaque, environment or {})
    branches = {fold: recorder.branch([], model) for fold, model in folds.items()}
    return recorder.chain(branches, wavelengths, unit, targets, provenance)


def from_steps(
    steps: Sequence[FittedStep],
    folds: Mapping[str, Any],
    *,
    wavelengths: ArrayLike | None = None,
    unit: str = "nm",
    targets: Sequence[str | Target] | None = None,
    n_features: int | None = None,
    probes: ArrayLike | None = None,
    opaque: bool = False,
    provenance: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Chain:
    """The same from what a workspace recorded: shared steps in order, and the fitted model of each fold.

    A step without a fitted object is read from its class name and parameters; it is never skipped.
    """
    models = _folds(folds)
    fitted = [step.fitted for step in steps if step.fitted is not None]
    check_origin([*fitted, *models.values()], environment or {})
    width = _width([*fitted, *models.values()], wavelengths, n_features)
    recorder = _Recorder(width, probes, opaque, environment or {})
    branches = {fold: recorder.branch(steps, model) for fold, model in models.items()}
    return recorder.chain(branches, wavelengths, unit, targets, provenance)


def _folds(estimator: Any) -> dict[str, Any]:
    if isinstance(estimator, Mapping):
        folds = {str(fold): model for fold, model in estimator.items()}
    elif isinstance(estimator, list | tuple):
        folds = {str(fold): model for fold, model in enumerate(estimator)}
    else:
        folds = {"0": estimator}
    if not folds:
        raise CaptureError("no estimator was given, expected a fitted one or one per fold")
    return folds


def _width(fitted: Iterable[Any], wavelengths: ArrayLike | None, n_features: int | None) -> int:
    """Points of a spectrum: as told, or as the first fitted step that knows."""
    if n_features is not None:
        return int(n_features)
    if wavelengths is not None:
        return int(np.size(np.asarray(wavelengths)))
    for estimator in fitted:
        for _, step in leaves(estimator, ""):
            # Not in the state of every object: SelectFromModel asks the estimator inside it.
            count = getattr(step, "n_features_in_", None)
            if count is not None:
                return int(count)
    raise CaptureError("no step knows how many points a spectrum has; give n_features= or wavelengths=")


class _Recorder:
    """Reads the branches of one chain; a step that several folds share is read once."""

    def __init__(self, width: int, probes: ArrayLike | None, opaque: bool, environment: Mapping[str, str]) -> None:
        self.width = width
        self.environment = environment
        self.rows = synthetic_rows(width) if probes is None else np.array(probes, dtype=np.float64, ndmin=2)
        if self.rows.shape[1] != width:
            raise CaptureError(f"probes: {self.rows.shape[1]} values in each row, expected {width}")
        if not len(self.rows):
            raise CaptureError("probes: no rows were given, expected at least one spectrum")
        self.opaque = opaque
        self.pickled: dict[str, bytes] = {}
        self._known: dict[tuple[tuple[int, str], ...], tuple[Step, Matrix]] = {}

    def branch(self, steps: Sequence[FittedStep], model: Any) -> tuple[Step, ...]:
        """The steps of one fold, the model last."""
        states = [(step.index, _state_of(step)) for step in steps]
        last = max((step.index for step in steps), default=0)
        found = list(leaves(model, ""))
        if not found:
            raise CaptureError("the model is empty: there is nothing in it that predicts")
        names = [where or f"step {last + number}" for number, (where, _) in enumerate(found, 1)]
        states += [
            (last + n, State.of(fitted, name))
            for n, ((_, fitted), name) in enumerate(zip(found, names, strict=True), 1)
        ]
        branch, rows = [], self.rows
        path: tuple[tuple[int, str], ...] = ()
        for number, (index, state) in enumerate(states, 1):
            method = "predict" if number == len(states) else "transform"
            # The same object after the same steps is read once, unless it is asked for something else.
            path = (*path, (id(state.live) if state.live is not None else -index, method))
            if path not in self._known:
                self._known[path] = self._read(index, state, rows, method)
            step, rows = self._known[path]
            branch.append(step)
        return tuple(branch)

    def _read(self, index: int, state: State, rows: Matrix, method: str) -> tuple[Step, Matrix]:
        reader = READERS.get(state.name)
        read = (reader.predict if method == "predict" else reader.transform) if reader else None
        name = state.name.rpartition(".")[2]
        if read is not None:
            reading = _understood(read, state)
            verified = prove(state, reading, rows, method)
            operators, answer = reading.operators, apply(reading.operators, rows, state.where)
        elif self.opaque and state.live is not None:
            operator, pickled, answer = carry(state, rows, method)
            self.pickled[operator.artifact] = pickled
            operators, verified = (operator,), "live"
        else:
            role = "a model that predicts" if method == "predict" else "a preprocessing step"
            raise state.refuse(
                f"{state.name} is not known as {role}; opaque=True carries it as a pickle, for those who trust it"
            )
        verified = witnessed(verified, self.environment)
        return Step(index, name, state.name, _plain(state), operators, verified), answer

    def chain(
        self,
        branches: Mapping[str, tuple[Step, ...]],
        wavelengths: ArrayLike | None,
        unit: str,
        targets: Sequence[str | Target] | None,
        provenance: Mapping[str, Any] | None,
    ) -> Chain:
        counts = {answer.shape[1] for steps, answer in self._ends(branches)}
        if len(counts) > 1:
            raise CaptureError(f"the folds predict {sorted(counts)} targets, expected the same number from each")
        return Chain(
            self.width,
            branches,
            _targets(targets, counts.pop()),
            _axis(wavelengths, unit, self.width),
            opaque=self.pickled,
            provenance=provenance or {},
            environment=self.environment,
        )

    def _ends(self, branches: Mapping[str, tuple[Step, ...]]) -> list[tuple[Step, Matrix]]:
        last = {id(steps[-1]) for steps in branches.values()}
        return [(step, answer) for step, answer in self._known.values() if id(step) in last]


def _understood(read: Callable[[State], Reading], state: State) -> Reading:
    reading, unread = read(state), state.unread()
    if state.live is None and unread:
        # Nothing could prove that it does not matter.
        raise state.refuse(f"{unread[0]!r} is no option that is known of this class")
    return reading


def _state_of(step: FittedStep) -> State:
    where = f"step {step.index}"
    if step.fitted is not None:
        return State.of(step.fitted, where)
    return State(f"{where} ({step.operator_class.rpartition('.')[2]})", step.operator_class, dict(step.params))


def _plain(state: State) -> dict[str, Any]:
    """The public parameters that are plain values, for people to read."""
    if state.live is not None and hasattr(state.live, "get_params"):
        # Not get_params: an object of another version lacks options that the class has gained since.
        names = [name for name in signature(type(state.live)).parameters if hasattr(state.live, name)]
        params: Mapping[str, Any] = {name: getattr(state.live, name) for name in names}
    else:
        params = state.values
    # Whoever searched over numpy's numbers is told the same as whoever typed them.
    values = {str(name): value.item() if isinstance(value, np.generic) else value for name, value in params.items()}
    return {name: values[name] for name in sorted(values) if isinstance(values[name], str | int | float | None)}


def _targets(targets: Sequence[str | Target] | None, count: int) -> tuple[Target, ...]:
    if targets is None:
        targets = ["y"] if count == 1 else [f"y{number}" for number in range(1, count + 1)]
    elif isinstance(targets, str):
        targets = [targets]
    named = tuple(target if isinstance(target, Target) else Target(str(target)) for target in targets)
    if len(named) != count or len({target.name for target in named}) != count:
        raise CaptureError(f"targets: {[target.name for target in named]} were given, expected {count} different names")
    return named


UNITS = ("nm", "um", "cm-1")


def _axis(wavelengths: ArrayLike | None, unit: str, width: int) -> Axis | None:
    if wavelengths is None:
        return None
    values = np.array(wavelengths, dtype=np.float64).reshape(-1)
    if len(values) != width:
        raise CaptureError(f"wavelengths: {len(values)} were given, expected {width}")
    steps = np.diff(values)
    if not np.isfinite(values).all() or not ((steps > 0).all() or (steps < 0).all()):
        raise CaptureError("wavelengths: expected finite numbers that only ascend or only descend")
    if unit not in UNITS:
        raise CaptureError(f"unit={unit!r}, expected {', '.join(UNITS)}")
    return Axis(values, unit)
