"""What must hold between the parts of a bundle: its manifest, its plans and its members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import canonical, npy, programs
from .ends import Classes
from .format import ARRAY_CLASS, GOLDEN, MANIFEST, member, profile, words
from .runtime.plan import ASIDE, Plan

__all__ = ["check"]

DISTANCES = {"t2", "q", *ASIDE}
"""What a plan tells of a spectrum, not of its targets."""


def _uses(manifest: dict[str, Any]) -> Iterator[tuple[str, str, str, tuple[int, ...]]]:
    """Digest, role, type and shape of each artifact that the manifest refers to; type `pickle` for opaque ones."""
    for kind in ("faithful", "compiled"):
        for sha256, type_, shape in programs.arrays(manifest["plans"][kind]):
            yield sha256, "plan", type_, shape
    for width, axis in _axes(manifest):
        yield axis["array"], "axis", "<f8", (width,)
    yield manifest["golden"]["rows"], "golden", "<f8", (manifest["golden"]["count"], manifest["n_features"])
    for sha256 in _envelope(manifest):
        yield sha256, "limits", "<f8", (manifest["n_features"],)
    for kind in ("faithful", "compiled"):
        for line in manifest["plans"][kind]["body"]:
            if line["op"] == "opaque":
                yield str(line.get("artifact")), "opaque", "pickle", ()


def _envelope(manifest: dict[str, Any]) -> list[str]:
    """The arrays of the least and the largest value of each point."""
    found = manifest.get("limits", {}).get("envelope")
    return [] if found is None else [found["low"], found["high"]]


def _axes(manifest: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The axes that a manifest knows, each with its points."""
    if "axis" in manifest:
        yield manifest["n_features"], manifest["axis"]
    for source in manifest.get("sources", ()):
        if "axis" in source:
            yield source["width"], source["axis"]


def check(manifest: dict[str, Any], plans: Mapping[str, Plan], sizes: Mapping[str, int]) -> Iterator[str]:
    """What does not fit together in a manifest of the right form, its plans, and the sizes of the file's members."""
    yield from _check_artifacts(manifest)
    yield from _check_members(manifest, sizes)
    yield from _check_ends(manifest)
    for kind, plan in plans.items():
        yield from (f"{MANIFEST} plans.{kind}: {problem}" for problem in _check_plan(manifest, plan))
    answers = [sorted(plan.outputs) for plan in plans.values()]
    if any(outputs != answers[0] for outputs in answers):
        yield f"{MANIFEST} plans: they answer {' and '.join(map(str, answers))}, expected the same from both"
    if len({source.missing for plan in plans.values() for source in plan.inputs}) > 1:
        yield f"{MANIFEST} plans: NaN is allowed by one alone, expected the same of both"
    features = words(plans)
    if manifest["features"] != features:
        yield f"{MANIFEST} features: {manifest['features']}, but the plans use {features}"
    if manifest["profile"] != profile(features):
        yield f"{MANIFEST} profile: {manifest['profile']!r}, but the plans make it {profile(features)!r}"
    if not abs(canonical.real(manifest["difference"])) < float("inf"):
        yield f"{MANIFEST} difference: {manifest['difference']}, expected a finite number"


def _check_artifacts(manifest: dict[str, Any]) -> Iterator[str]:
    wanted: dict[str, tuple[str, str, tuple[int, ...]]] = {}
    for sha256, role, type_, shape in _uses(manifest):
        first = wanted.setdefault(sha256, (role, type_, shape))
        if first[1:] != (type_, shape):
            yield f"{MANIFEST}: array {sha256} is used as {first[1]} {first[2]} and as {type_} {shape}"
    table_ = manifest["artifacts"]
    for sha256 in sorted(wanted.keys() - table_.keys()):
        yield f"{MANIFEST} artifacts: {sha256} is used, but not in the table"
    for sha256, entry in table_.items():
        where = f"{MANIFEST} artifacts.{sha256}"
        if sha256 not in wanted:
            yield f"{where}: nothing uses it"
            continue
        role, type_, shape = wanted[sha256]
        expected: dict[str, Any] = {"sha256": sha256, "role": role, "member": member(sha256, role)}
        if type_ != "pickle":
            expected |= {"size": npy.size(type_, shape), "class": ARRAY_CLASS}
        yield from (
            f"{where}.{key}: {entry[key]!r}, expected {value!r}"
            for key, value in expected.items()
            if entry[key] != value
        )


def _check_members(manifest: dict[str, Any], sizes: Mapping[str, int]) -> Iterator[str]:
    expected = [MANIFEST, *sorted(entry["member"] for entry in manifest["artifacts"].values()), GOLDEN]
    extra = [name for name in sizes if name not in expected]
    missing = [name for name in expected if name not in sizes]
    yield from (f"member {name}: the manifest does not list it" for name in extra)
    yield from (f"member {name}: the manifest lists it, but it is not in the file" for name in missing)
    if not extra and not missing and list(sizes) != expected:
        yield f"members are in the order {', '.join(sizes)}, expected {', '.join(expected)}"
    for entry in manifest["artifacts"].values():
        found = sizes.get(entry["member"], entry["size"])
        if found != entry["size"]:
            yield f"member {entry['member']}: {found} bytes, the manifest says {entry['size']}"


def _check_plan(manifest: dict[str, Any], plan: Plan) -> Iterator[str]:
    widths = [source.width for source in plan.inputs]
    if widths != [manifest["n_features"]]:
        yield f"inputs of widths {widths}, expected one of {manifest['n_features']}"
    expected = ["proba", "value"] if manifest["chain"]["fold_rule"] == "soft" else ["value"]
    distances = DISTANCES if "t2" in manifest.get("limits", {}) else set()
    optional = {"std", "spread"} if manifest["task"] == "regression" else set()
    expected = sorted(distances.union(expected))
    if sorted(plan.outputs.keys() - optional) != expected:
        yield f"outputs {sorted(plan.outputs)}, expected {expected}"
        return
    for output in DISTANCES & plan.outputs.keys() - set(ASIDE):
        if plan.widths[plan.outputs[output].register] != 1:
            yield f"output {output!r} has {plan.widths[plan.outputs[output].register]} columns, expected one"
    yield from _check_classes(manifest, plan) if "classes" in manifest else _check_targets(manifest, plan)
    indexes, folds = {step["index"] for step in manifest["chain"]["steps"]}, {*manifest["chain"]["folds"]}
    for line in plan.body:
        if line.step is not None and line.step not in indexes:
            yield f"{line.out} belongs to step {line.step}, which the chain does not have"
        if line.fold is not None and line.fold not in folds:
            yield f"{line.out} belongs to fold {line.fold!r}, which the chain does not have"


def _check_targets(manifest: dict[str, Any], plan: Plan) -> Iterator[str]:
    targets = tuple(target["name"] for target in manifest["targets"])
    for output, found in plan.outputs.items():
        if output in DISTANCES:
            continue
        columns = plan.widths[found.register]
        if columns != len(targets) or found.names not in ((), targets):
            said = f"{columns} columns named {list(found.names)}"
            yield f"output {output!r} has {said}, expected the targets {list(targets)}"


def _check_classes(manifest: dict[str, Any], plan: Plan) -> Iterator[str]:
    """The value of a classifier is a class by construction: the largest of as many columns as there are classes."""
    count = len(manifest["classes"]["labels"])
    made = next((line for line in plan.body if line.out == plan.outputs["value"].register), None)
    if made is None or made.op != "argmax" or made.params.get("parts", 1) != 1 or plan.widths[made.inputs[0]] != count:
        yield f"output 'value' is not the argmax of {count} columns, one for each class"
    elif "proba" in plan.outputs and plan.outputs["proba"].register != made.inputs[0]:
        yield "output 'proba' is not what 'value' is the argmax of"


def _check_ends(manifest: dict[str, Any]) -> Iterator[str]:
    """Task, classes, fold rule, weights and sources of a manifest go together."""
    classes, chain = manifest.get("classes"), manifest["chain"]
    if (manifest["task"] == "classification") != (classes is not None) or (chain["fold_rule"] == "mean") != (
        classes is None
    ):
        said = f"task {manifest['task']!r}, fold_rule {chain['fold_rule']!r}"
        yield f"{MANIFEST}: {said}, {'no classes' if classes is None else 'classes'}: they contradict each other"
    if classes is not None:
        try:
            Classes.restored(classes)
        except ValueError as error:
            yield f"{MANIFEST} {error}"
        if len(manifest["targets"]) != 1:
            yield f"{MANIFEST} targets: {len(manifest['targets'])} with classes, expected one"
    if len(chain.get("weights", chain["folds"])) != len(chain["folds"]):
        yield f"{MANIFEST} chain.weights: {len(chain['weights'])} for {len(chain['folds'])} folds"
    yield from _check_limits(manifest)
    widths = [source["width"] for source in manifest.get("sources", ())]
    if widths and sum(widths) != manifest["n_features"]:
        yield f"{MANIFEST} sources: widths {widths}, expected {manifest['n_features']} points in all"


def _check_limits(manifest: dict[str, Any]) -> Iterator[str]:
    """What is usual is said for each target, of both distances or of neither."""
    limits, targets = manifest.get("limits", {}), len(manifest["targets"])
    if ("t2" in limits) != ("q" in limits) or ("t2" in limits) != ("components" in limits):
        yield f"{MANIFEST} limits: {sorted(limits)}, expected all of components, q and t2 or none"
    for name, found in (("ranges", limits.get("ranges")), ("interval", limits.get("interval", {}).get("half_widths"))):
        if found is not None and (manifest["task"] != "regression" or len(found) != targets):
            yield f"{MANIFEST} limits.{name}: {len(found)} of them, expected one for each of {targets} quantities"
