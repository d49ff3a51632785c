"""How spectra come to the points of a model, for every host: plain Python, and the text that scripts carry.

The rules are FORMAT.md §12. What is decided here is decided once: other hosts take the columns and shares from here
and do the arithmetic of `Alignment.applied` alone. Python 3.8 syntax.
"""
# Scripts carry this text: annotations would only be noise there.
# mypy: allow-untyped-defs, allow-untyped-calls

from .places import SLACK, AlignmentError, placed, ranked
from .spectra_csv import one_way

__all__ = ["COARSE_AXIS", "Alignment", "AlignmentError", "align"]


class Alignment:
    """What is done with spectra of `count` points (None: not known), said by `action`.

    `columns` holds for each point of the model the column that it takes, or that of its lower neighbour if it lies
    between two; `between` holds for each of the latter [point, column of the upper neighbour, share of that].
    `columns` is None where spectra are taken as they are.
    """

    def __init__(self, action, count, columns=None, between=(), coarse=False):
        self.action = action
        self.count = count
        self.columns = columns
        self.between = between
        self.coarse = coarse
        self.used = frozenset(columns or ()) | frozenset(high for _, high, _ in between)

    def applied(self, values):
        """A spectrum at the points of the model."""
        out = [values[i] for i in self.columns]
        for point, high, share in self.between:
            out[point] = out[point] + (values[high] - out[point]) * share
        return out


COARSE_AXIS = "the points of these spectra are more than twice as far apart as the model's, and interpolated between"

# What people write, and what it is called here.
UNITS = {
    "nm": "nm",
    "um": "um",
    "\u00b5m": "um",
    "\u03bcm": "um",
    "cm-1": "cm-1",
    "cm\u207b\u00b9": "cm-1",
    "1/cm": "cm-1",
}


def align(points, axis, unit, given, declared=None, strict=False):
    """The alignment of spectra on the positions `given`, in the unit `declared`, to a model of so many points.

    `axis` and `unit` are the model's; both axes and the declared unit are None where they are not known. Raises
    AlignmentError; `strict` refuses all but the model's own axis.
    """
    if given is None:
        if declared is not None:
            raise AlignmentError("unit=%r was given without wavelengths; give both, or none" % declared)
        if strict:
            raise AlignmentError(
                "no wavelengths were given, and strict asks that they are checked; give those of the spectra"
            )
        return Alignment("axis_unchecked", None)
    refuse_unusable(given)
    if axis is None:
        if strict:
            raise AlignmentError("this model does not know its wavelengths, and strict asks that they are checked")
        if len(given) != points:
            raise AlignmentError("axis: %d positions were given, the model has %d points" % (len(given), points))
        return Alignment("axis_unchecked", len(given))
    steps = [abs(b - a) for a, b in zip(axis, axis[1:])]
    slack = SLACK * min(steps) if steps else 0.0
    if declared in (None, unit) and lies_on(given, axis, slack):
        return Alignment("same", len(given))
    source, words = unit_of(axis, unit, given, declared)
    x = given if source == unit else converted(given, source, unit)
    if lies_on(x, axis, slack):
        found = Alignment("; ".join(words) or "same", len(x))
    else:
        found = aligned(axis, unit, x, slack, words)
    if strict and found.action != "same":
        raise AlignmentError(
            "axis: strict asks for the model's own points in their order and unit (%s), and these would be %s"
            % (unit, found.action)
        )
    return found


def refuse_unusable(given):
    if not given:
        raise AlignmentError("axis: no positions were given, expected one for each value of a spectrum")
    for number, value in enumerate(given, 1):
        if not -float("inf") < value < float("inf"):
            raise AlignmentError("axis: point %d is %r, expected a finite number" % (number, value))


def lies_on(x, axis, slack):
    return len(x) == len(axis) and all(abs(a - b) <= slack for a, b in zip(x, axis))


def unit_of(axis, unit, given, declared):
    # The unit of the positions, and what is to be said about it. If none is declared it is the model's, unless the
    # spectra would then lie beside the model, and the numbers stand as they do in another unit of the near infrared.
    if declared is not None:
        source = unit if declared == unit else UNITS.get(declared)
        if source is None:
            raise AlignmentError("axis: the unit is %r, expected nm, um or cm-1" % declared)
        if source != unit and unit not in UNITS:
            raise AlignmentError("axis: given in %s, expected %s, which nothing is converted to" % (source, unit))
        return source, [] if source == unit else ["converted from %s" % source]
    low, high = min(given), max(given)
    if unit in UNITS and one_way(given) and (high < min(axis) or low > max(axis)):
        rises = given[0] < given[-1]
        if rises and low >= 350.0 and high <= 2600.0:
            source = "nm"
        elif rises and low >= 0.35 and high <= 2.6:
            source = "um"
        else:
            source = "cm-1" if low > 3000.0 and given[0] > given[-1] else unit
        if source != unit:
            return source, ["recognised as %s" % source]
    return unit, []


def converted(given, source, unit):
    if min(given) <= 0.0:
        raise AlignmentError(
            "axis: a position is %.10g %s, expected positive numbers, which alone are converted to %s"
            % (min(given), source, unit)
        )
    if "cm-1" in (source, unit):
        per_unit = 1e4 if "um" in (source, unit) else 1e7
        x = [per_unit / v for v in given]
    else:
        x = [v * 1000.0 if source == "um" else v / 1000.0 for v in given]
    if max(x) == float("inf"):
        raise AlignmentError("axis: a position of %.10g %s is beyond all numbers in %s" % (min(given), source, unit))
    return x


def aligned(axis, unit, x, slack, words):
    # The alignment to positions in the model's unit.
    what = ", ".join(["axis"] + words)
    ranks = ranked(unit, x, what)
    places = placed(axis, unit, x, ranks, slack, what)
    kinds = [kind for kind, _, _ in places]
    columns = [column for _, column, _ in places]
    between = [
        [i, high, (axis[i] - x[low]) / (x[high] - x[low])]
        for i, (_, low, high) in enumerate(places)
        if high is not None
    ]
    words = words + ["sorted"] * ((ranks[::-1] if axis[0] > axis[-1] else ranks) != list(range(len(x))))
    words += ["interpolated"] * bool(between) + ["ends held"] * ("held" in kinds)
    words += ["selected"] * (len(x) > len(axis) and kinds.count("met") == len(kinds))
    return Alignment("; ".join(words), len(x), columns, between, "coarse" in kinds)
