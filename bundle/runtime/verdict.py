"""What is noteworthy about a spectrum and its prediction, in plain Python for every host; scripts carry this text.

Nothing but comparisons decides, on numbers of one rounding each, so that all hosts say the same. Python 3.8 syntax.
"""

# Scripts carry this text: annotations would only be noise there.
# mypy: allow-untyped-defs, allow-untyped-calls

from .signals import LN_10
from .stdlib import exponential, logarithm

__all__ = [
    "ERRORS",
    "FEW",
    "LIKENESSES",
    "WARNINGS",
    "Usual",
    "beside_ranges",
    "beyond",
    "longest",
    "suspected",
    "verdict_on",
    "widened",
]


def longest(row):
    # The longest run of equal neighbours.
    if not any(map(float.__eq__, row, row[1:])):
        return 1
    most = run = 1
    for before, value in zip(row, row[1:]):
        run = run + 1 if value == before else 1
        most = max(most, run)
    return most


ERRORS = {
    "t2_error": "the spectrum is far from all of the calibration (T2)",
    "q_error": "the spectrum has a shape that no spectrum of the calibration has (Q)",
    "points_outside": "many points have values far from all of the calibration",
    "looks_like_reflectance": "these seem to be values of reflectance or transmittance, where absorbance is expected",
    "looks_like_percent": "these seem to be percent of reflectance or transmittance, where absorbance is expected",
    "looks_like_absorbance": "these seem to be values of absorbance, where reflectance or transmittance is expected",
    "constant_row": "all values of the spectrum are the same",
}
WARNINGS = {
    "t2_warning": "the spectrum is unusually far from the calibration (T2)",
    "q_warning": "the spectrum has a shape that is unusual in the calibration (Q)",
    "below_range": "the prediction is below all references of the calibration",
    "above_range": "the prediction is above all references of the calibration",
    "dead_point": "a point, or a few, have values far from all of the calibration: dead or saturated",
    "constant_stretch": "more points in a row have the same value than in any spectrum of the calibration: saturated",
    "offset_outside": "the spectrum as a whole is far above or below the calibration",
    "scale_outside": "the spectrum spans far more or far less than those of the calibration",
    "coarse_axis": "the spectra are on a grid much coarser than the model's",
    "missing_values": "values are missing, and were treated as the model was trained to",
}
SUSPICIOUS = ("t2_error", "q_error", "points_outside", "offset_outside", "scale_outside")
FLAT = 2.0**-48  # values that differ by less, as a part of the largest, are the same: 16 units in the last place
FEW = 3  # so many points outside are dead, more are a spectrum of something else


def widened(low, high):
    # As far again on either side as the calibration reaches.
    return low - (high - low), high + (high - low)


class Usual:
    # Raw spectra of the calibration: least and largest value of each point, `margins` of the points included.
    def __init__(self, low, high, middle, span, stretch):
        width = max(map(float.__sub__, high, low)) * 0.1  # where the calibration is narrow by chance
        margins = [max(h - g, width) for g, h in zip(low, high)]
        self.low = list(map(float.__sub__, low, margins))
        self.high = list(map(float.__add__, high, margins))
        self.line = [g + (h - g) * 0.5 for g, h in zip(low, high)]
        self.middle = widened(*middle)
        self.span = span[0] * 0.5, span[1] * 2.0
        self.stretch = max(2 * stretch, 4)


def outside(row, low, high):
    # How many points have values far from the calibration.
    return sum(map(float.__lt__, row, low)) + sum(map(float.__gt__, row, high))


def beyond(distance, limit, name):
    # The code of a distance beside its limits, or nothing.
    if distance is None or limit is None or distance <= limit[0]:
        return []
    return [name + ("_error" if distance > limit[1] else "_warning")]


def rising(row, line):
    # At how many points the spectrum rises or falls as the calibration does.
    return sum((b > a) == (d > c) for a, b, c, d in zip(row, row[1:], line, line[1:]))


def as_absorbance(row):
    return [-(logarithm(value) / LN_10) for value in row] if min(row) > 0.0 else None


def as_share(row):
    return [exponential(-(value * LN_10)) for value in row]


LIKENESSES = (
    ("looks_like_reflectance", as_absorbance),
    ("looks_like_percent", lambda row: as_absorbance([value / 100.0 for value in row])),
    ("looks_like_absorbance", as_share),
)
SOME = 48  # points at which a quantity is recognised: a conversion of all would take longer than the prediction


def suspected(row, usual):
    # Which other quantity a spectrum seems to be: one that fits the calibration once it is converted, and better.
    step = -(-len(row) // SOME)
    row, line, low, high = [values[::step] for values in (row, usual.line, usual.low, usual.high)]
    least, fits = outside(row, low, high), rising(row, line)
    for code, convert in LIKENESSES:
        other = convert(row)
        if other is not None and outside(other, low, high) <= min(least, len(row) // 20) and rising(other, line) > fits:
            return [code]
    return []


def constant_between(least, largest):
    # Whether values from the least to the largest are all the same, but for rounding.
    return largest - least <= FLAT * max(abs(least), abs(largest))


def beside_ranges(values, ranges):
    # The codes of predictions beside the ranges of the references.
    below = any(value < low for value, (low, _) in zip(values, ranges))
    above = any(value > high for value, (_, high) in zip(values, ranges))
    return ["below_range"] * below + ["above_range"] * above


def at_a_glance(least, largest, values, t2, q, limits, ranges, usual):
    # The codes that follow from a few numbers: the ends of the spectrum's values, its predictions, T2 and Q.
    codes = beyond(t2, limits.get("t2"), "t2") + beyond(q, limits.get("q"), "q") + beside_ranges(values, ranges)
    if constant_between(least, largest):
        codes.append("constant_row")
    elif usual is not None:
        if not usual.middle[0] <= (least + largest) * 0.5 <= usual.middle[1]:
            codes.append("offset_outside")
        if not usual.span[0] <= largest - least <= usual.span[1]:
            codes.append("scale_outside")
    return codes


def of_the_spectrum(codes):
    # Whether the spectrum itself stands out, so that its points are looked at.
    return any(code not in ("below_range", "above_range") for code in codes)


def at_its_points(row, codes, usual):
    # What the points of a spectrum say of why it stands out.
    found = []
    far = outside(row, usual.low, usual.high)
    if far:
        found.append("dead_point" if far <= FEW else "points_outside")
    if longest(row) > usual.stretch:
        found.append("constant_stretch")
    if any(code in SUSPICIOUS for code in codes + found):
        found += suspected(row, usual)
    return found


def verdict_on(row, values, t2, q, limits, ranges, usual):
    # The codes of one spectrum: `values` are predictions, T2 and Q with `limits` for either (warning, error), `ranges`
    # of each target, the `usual` looks; None where something is not known.
    codes = at_a_glance(min(row), max(row), values, t2, q, limits, ranges, usual)
    if usual is not None and "constant_row" not in codes and (t2 is None or of_the_spectrum(codes)):
        codes += at_its_points(row, codes, usual)
    return codes
