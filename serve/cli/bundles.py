"""Verbs on a bundle: `info`, `verify`, `predict`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from .failures import answers_differ

if TYPE_CHECKING:
    pass

__all__ = ["info", "predict", "print_json", "verify"]

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON for programs.")]
Opaque = Annotated[
    bool,
    Parameter(
        name="--allow-opaque",
        negative="",
        help="Load pickled steps, which runs code from the file. Only for files whose maker you trust.",
    ),
]

Profile = Annotated[
    Literal["exact", "fast"],
    Parameter(
        name="--profile",
        help="exact gives the same bits everywhere; fast uses this machine's linear algebra, within a measured bound.",
    ),
]
Engine = Annotated[
    Literal["numpy", "onnxruntime"],
    Parameter(
        name="--engine",
        help="onnxruntime (pip install 'n4akit[onnx]') walks large forests in a fraction of the time; no bit changes.",
    ),
]


def info(
    model: Path,
    /,
    *,
    plan: Literal["compiled", "faithful"] = "compiled",
    json: Json = False,
    allow_opaque: Opaque = False,
    profile: Profile = "exact",
) -> int:
    """Say what a bundle is: its targets, axis, steps, folds, digest, where it came from, and what it computes.

    Parameters
    ----------
    model
        A bundle (.n4a).
    plan
        Which plan to show as a tree: the compiled one, which predicts, or the faithful one, step by step and fold by
        fold as the chain was trained.
    """
    from ...bundle import load
    from ...bundle.explain import REASONS, explain

    bundle = load(model, allow_opaque=allow_opaque, profile=profile)
    facts = bundle.info()
    if json:
        print_json(facts)
        return 0
    steps = " → ".join(step["name"] for step in facts["steps"])
    axis = facts["axis"]
    points = f"{facts['n_features']} points"
    targets = [
        f"{target['name']} ({target['unit']})" if target["unit"] else target["name"] for target in facts["targets"]
    ]
    lines = {
        "model": model.name,
        "predicts": ", ".join(targets),
        "from": points if axis is None else f"{points}, {axis['first']:g} to {axis['last']:g} {axis['unit']}",
        **_signal_line(facts),
        **({"missing values": "handled as in the training (NaN)"} if facts["missing_values"] else {}),
        "steps": steps,
        "folds": ", ".join(facts["folds"]),
        **({"classes": ", ".join(map(str, facts["classes"]))} if facts["classes"] else {}),
        "profile": f"{facts['profile']}: {REASONS[facts['profile']]}",
        **({} if facts["bound"] is None else {"bound": f"{facts['bound']:.3g} from the exact golden answers"}),
        **_usual(facts["limits"], facts["targets"]),
        "golden rows": f"{facts['golden']['rows']}, {facts['golden']['origin']}",
        "instructions": ", ".join(f"{count} {kind}" for kind, count in facts["instructions"].items()),
        "size": f"{facts['bytes']} bytes",
        "digest": facts["digest"],
        **{f"from {key}": value for key, value in facts["provenance"].items()},
        **{f"trained with {key}": value for key, value in facts["environment"].items()},
    }
    width = max(map(len, lines))
    print("\n".join(f"{name:<{width}}  {value}" for name, value in lines.items()))
    names = {step["index"]: " + ".join([step["name"], *step["operators"]][:3]) for step in facts["steps"]}
    print("\n".join(["", f"{plan} plan", *explain(bundle.plan(plan), names)]))
    return 0


def _signal_line(facts: dict[str, Any]) -> dict[str, str]:
    """What the values of spectra are, of each source where it is not the same; nothing where it is not known."""
    told = {source["signal"] for source in facts["sources"]} or {facts["signal"]}
    if len(told) > 1:
        return {"signal": ", ".join(f"{s['signal'] or 'not known'} of {s['name']}" for s in facts["sources"])}
    return {"signal": signal} if (signal := told.pop()) else {}


def _usual(limits: dict[str, Any], targets: list[dict[str, Any]]) -> dict[str, str]:
    """What is usual in the calibration, in lines for people."""
    told = {}
    if limits["t2"]:
        pairs = [
            f"{name} {limits[key]['warning']:.4g} / {limits[key]['error']:.4g}"
            for name, key in (("T²", "t2"), ("Q", "q"))
        ]
        told["calibration"] = f"{limits['samples']} samples, {limits['components']} components"
        told["warning / error"] = ", ".join(pairs)
    if limits["ranges"]:
        ranges = zip(targets, limits["ranges"], strict=True)
        told["range"] = ", ".join(f"{target['name']} {low:g} to {high:g}" for target, (low, high) in ranges)
    if limits["interval"]:
        found = limits["interval"]
        widths = ", ".join(f"± {width:.4g}" for width in found["half_widths"])
        told["interval"] = f"{widths} with probability {found['coverage']:g}, from {found['samples']} samples"
    return told


def verify(models: list[Path], /, *, json: Json = False, allow_opaque: Opaque = False) -> int:
    """Prove that bundles are intact and give their golden answers on this machine.

    Exit code 0 when all are sound, 5 when one is damaged or no bundle, 6 when one is intact but answers differently
    here.

    Parameters
    ----------
    models
        Bundles (.n4a).
    """
    from ...bundle import verify as check

    reports = [check(model, allow_opaque=allow_opaque) for model in models]
    if json:
        print_json(
            [
                {
                    "path": report.path,
                    "digest": report.digest,
                    "checked": report.checked,
                    "problems": report.problems,
                }
                for report in reports
            ]
        )
    for report in reports if not json else ():
        print(f"{report.path}: {'not sound' if report.problems else 'sound'}, digest {report.digest or 'unknown'}")
        print("".join(f"  good: {what}\n" for what in report.checked), end="")
        print("".join(f"  WRONG: {what}\n" for what in report.problems), end="")
    wrong = [report.problems for report in reports if report.problems]
    return 0 if not wrong else 6 if all(map(answers_differ, wrong)) else 5


def predict(
    model: Path,
    spectra: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    unit: str | None = None,
    strict: bool = False,
    signal: str | None = None,
    settings: Path | None = None,
    no_settings: Annotated[bool, Parameter(name="--no-settings", negative="")] = False,
    instrument: str | None = None,
    product: str | None = None,
    on_error: Annotated[Literal["raise", "row"], Parameter(name="--on-error")] = "raise",
    contributions: Annotated[bool, Parameter(name="--contributions", negative="")] = False,
    replicates: Annotated[bool, Parameter(name="--replicates", negative="")] = False,
    json: Json = False,
    allow_opaque: Opaque = False,
    profile: Profile = "exact",
    engine: Engine = "numpy",
) -> int:
    """Predict the spectra of a file, one row each: text, .npy, .arrow (.arrows, .feather) or .parquet.

    A header of numbers is the axis: spectra on other points than the model's are put in order, selected, converted
    between nm, um and cm-1 and interpolated, never extrapolated; axis_action says which. Columns that are not numbers
    are ignored but the first, which names the samples. Each prediction comes with how far it may be trusted, as
    FORMAT.md §14 says. One bad row refuses all, and every bad row is named. For a model that handles missing values a
    cell that is empty or says NA, NaN or #N/A is one.

    Parameters
    ----------
    model
        A bundle (.n4a).
    spectra
        Comma, semicolon, tab or pipe separated text, decimal point or comma; `-` reads standard input. By the end of
        its name also an array (.npy), or an Arrow or Parquet table (.arrow, .parquet) with a column for each point,
        named by its position.
    output
        Where to write the predictions (CSV); standard output if not given.
    unit
        Unit of the axis in the file: nm, um or cm-1. If not given, what the header says, or else the model's, unless
        the numbers can only be another.
    strict
        Refuse spectra on any but the model's own axis, and those whose axis is not given; the same of their signal, if
        the model says its own.
    signal
        What the values are: absorbance (A, log(1/R)), reflectance (R), transmittance (T), percent reflectance (%R) or
        percent transmittance (%T). They are converted to what the model says that its own are; signal_action tells from
        which. If not given, they are taken as they are.
    settings
        Deployment settings (bias, slope, limits) to apply; those beside the bundle if not given, where there are some.
    no_settings
        Apply no settings, not even those beside the bundle.
    instrument
        The instrument that measured the spectra, by which settings are chosen.
    product
        What was measured, by which settings are chosen.
    on_error
        raise: one bad row refuses all. row: a bad row tells its reason, and the others are predicted.
    contributions
        In the place of predictions, what each point of each spectrum adds to Q: why it is unlike the calibration.
    replicates
        In the place of predictions, the mean and standard deviation of samples with several rows of the same name, and
        the rows that lie apart from the others.
    """
    from ...bundle import load
    from ...bundle.errors import InputError
    from ...bundle.runtime.alignment import COARSE_AXIS
    from ...bundle.runtime.record import json_text, replicates_table, residuals
    from ...bundle.runtime.record import table as as_table
    from ..errors import Misuse, ServeError
    from ..protocols.media import read_file
    from ..protocols.question import asked_of

    if contributions and replicates:
        raise Misuse("--contributions and --replicates were given, expected one of them")
    beside = settings if settings is not None else not no_settings
    bundle = load(model, allow_opaque=allow_opaque, profile=profile, engine=engine, settings=beside)
    data = sys.stdin.buffer.read() if str(spectra) == "-" else spectra.read_bytes()
    own = {"unit": unit, "signal": signal, "instrument": instrument, "product": product}
    try:
        table = read_file(spectra.name, data, missing=bundle.missing_values)
        asked = asked_of(table, {name: value for name, value in own.items() if value is not None})
    except ServeError as error:
        raise InputError(f"{spectra}: {str(error).removeprefix('the table: ')}") from None
    how: dict[str, Any] = {"unit": asked.unit, "strict": strict or asked.strict, "signal": asked.signal}
    if contributions:
        points = bundle.axis.values.tolist() if bundle.axis else None
        text = residuals(asked.ids, points, bundle.contributions(table.spectra, asked.axis, **how).tolist())
        coarse = False
    else:
        who: dict[str, Any] = {"instrument": asked.instrument, "product": asked.product}
        result = bundle.predict_full(table.spectra, asked.axis, **how, **who, on_error=on_error)
        records = list(result.records(asked.ids, model=model.name.removesuffix(".n4a")))
        if replicates:
            told = result.replicates(asked.ids or range(len(records)))
            text = json_text(told) if json else replicates_table(told)
        else:
            text = json_text([{**record, "bound": result.bound} for record in records]) if json else as_table(records)
        coarse = any("coarse_axis" in flags for flags in result.flags)
    if output is None:
        sys.stdout.write(text)
    else:
        _replace(output, text)
    if coarse:
        sys.stderr.write(f"n4a: coarse_axis: {COARSE_AXIS}\n")
    return 0


def _replace(path: Path, text: str) -> None:
    """Whoever reads finds all of it or nothing new."""
    from ...bundle.files import replace

    try:
        replace(path, lambda file: file.write(text.encode("utf-8")))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def print_json(value: Any) -> None:
    """A result for programs."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))
