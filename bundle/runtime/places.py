"""Where the points of a model are among the positions of spectra, in one unit: plain Python, for every host.

Part of the rules of FORMAT.md §12, and of the text that scripts carry. Python 3.8 syntax.
"""
# Scripts carry this text: annotations would only be noise there.
# mypy: allow-untyped-defs, allow-untyped-calls

from .spectra_csv import one_way

__all__ = ["SLACK", "AlignmentError", "placed", "ranked"]


class AlignmentError(ValueError):
    """An axis on which there is no prediction; the message says what was found and what was expected."""


SLACK = 0.01  # of the model's smallest step: points that are no farther apart are the same point
EDGE = 0.5  # of the model's step: so far beyond the ends of the spectra a point still takes the value at the end
COARSE = 2.0  # steps of the model: where neighbours are farther apart, the grid is coarser than it should be
GAP = 10.0  # steps of the model: where neighbours are farther apart, nothing is put between them
HOLE = 3.0  # distances on either side: nothing either where the grid is coarse and neighbours are farther apart
NAMED = 3  # gaps that a message names


def placed(axis, unit, x, ranks, slack, what):
    # For each point of the model: what it is among its neighbours, the column it takes, and the other one if it lies
    # between two. What is "met" takes the value of one column, and so does what is "held" at an end.
    if not one_way(axis):
        raise AlignmentError("axis: the model's own points are in no order; give spectra on them, as they stand")
    steps = [[abs(b - q) for b in axis[max(i - 1, 0) : i] + axis[i + 1 : i + 2]] for i, q in enumerate(axis)]
    places = [
        place(q, min(beside) if beside else 0.0, k, x, ranks, slack)
        for q, beside, k in zip(axis, steps, not_above(axis, x, ranks))
    ]
    if any(kind != "met" for kind, _, _ in places) and not one_way(x):
        raise AlignmentError(disorder(what, unit, x))
    lacking = uncovered(axis, unit, x, places) + gaps(axis, unit, x, places)
    if lacking:
        beside = all(kind == "beyond" for kind, _, _ in places)
        hint = "; if the positions are in another unit, give it: nm, um or cm-1" if beside else ""
        raise AlignmentError(
            "%s: %s; nothing is made up where nothing was measured%s" % (what, "; ".join(lacking), hint)
        )
    return places


def ranked(unit, x, what):
    # The columns from the lowest position to the highest.
    ranks = sorted(range(len(x)), key=x.__getitem__)
    for a, b in zip(ranks, ranks[1:]):
        if x[a] == x[b]:
            twins = what, min(a, b) + 1, max(a, b) + 1, x[a], unit
            raise AlignmentError("%s: points %d and %d are both at %.10g %s, expected each position once" % twins)
    return ranks


def not_above(axis, x, ranks):
    # For each point of the model, how many positions are not above it.
    found = []
    k = 0
    for q in sorted(axis):
        while k < len(ranks) and x[ranks[k]] <= q:
            k += 1
        found.append(k)
    return found[::-1] if axis[0] > axis[-1] else found


def place(q, step, k, x, ranks, slack):
    # What a point q of the model is among its neighbours, the column it takes, and the other one if it lies between.
    beside = ranks[max(k - 1, 0) : k + 1]
    nearest = min(beside, key=lambda i: abs(x[i] - q))
    away = abs(x[nearest] - q)
    if away <= slack:
        return "met", nearest, None
    if k in (0, len(ranks)):
        return "held" if away <= EDGE * step + slack else "beyond", nearest, None
    low, high = beside
    apart = x[high] - x[low]
    if apart <= COARSE * step + slack:
        return "between", low, high
    around = [x[ranks[i + 1]] - x[ranks[i]] for i in (k - 2, k) if 0 <= i < len(ranks) - 1]
    hole = around and apart > HOLE * max(around) + slack
    return "gap" if hole or apart > GAP * step + slack else "coarse", low, high


def disorder(what, unit, x):
    # Sorted positions with one wrong digit would put values in between where they do not belong.
    i = next(i for i in range(1, len(x)) if (x[i] > x[i - 1]) != (x[1] > x[0]))
    found = what, i, i + 1, x[i - 1], x[i], unit
    expected = "expected positions that only ascend or only descend, or all of the model's among them"
    return "%s: points %d and %d are at %.10g and %.10g %s, " % found + expected


def uncovered(axis, unit, x, places):
    # What is to be said about points beyond the ends.
    said = []
    for side, end in (("below", min(x)), ("above", max(x))):
        beyond = [i for i, (kind, _, _) in enumerate(places) if kind == "beyond"]
        points = [i for i in beyond if (axis[i] < end if side == "below" else axis[i] > end)]
        if points:
            lie = "lies" if len(points) == 1 else "lie"
            found = named(axis, unit, points), lie, side, end, unit
            said.append("the model's %s %s %s %.10g %s, the end of the spectra, by more than half a step" % found)
    return said


def gaps(axis, unit, x, places):
    # What is to be said about neighbours that are too far apart.
    pairs = [(low, high) for kind, low, high in places if kind == "gap"]
    said = []
    for low, high in sorted(set(pairs), key=pairs.index):
        points = [i for i, found in enumerate(places) if found == ("gap", low, high)]
        found = x[high] - x[low], x[low], x[high], unit, named(axis, unit, points)
        said.append("a gap of %.4g, from %.10g to %.10g %s, is too wide for the model's %s in it" % found)
    if said:
        said[NAMED:] = ["and %d more gaps" % (len(said) - NAMED)] * (len(said) > NAMED)
        said.append("allowed are %g steps of the model, and %g times the distance on either side" % (GAP, HOLE))
    return said


def named(axis, unit, points):
    first, last = points[0], points[-1]
    if first == last:
        return "point %d (%.10g %s)" % (first + 1, axis[first], unit)
    return "points %d to %d (%.10g to %.10g %s)" % (first + 1, last + 1, axis[first], axis[last], unit)
