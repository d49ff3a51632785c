"""What a host tells of each prediction: the same fields with the same bits in all; scripts carry this text.

Python 3.8 syntax, standard library alone.
"""

# Scripts carry this text: annotations would only be noise there.
# mypy: allow-untyped-defs, allow-untyped-calls

from math import inf, sqrt

from .stdlib import total
from .verdict import ERRORS

__all__ = [
    "COLUMNS",
    "MODEL",
    "Frame",
    "adjusted_by",
    "cell",
    "json_text",
    "limits_with",
    "median",
    "replicates",
    "replicates_table",
    "status",
    "table",
]


def status(codes):
    # What a technician sees: go on, look at it, do not use it.
    return "error" if any(code in ERRORS for code in codes) else "warning" if codes else "ok"


COLUMNS = (
    "sample",
    "row",
    "target",
    "value",
    "unit",
    "value_raw",
    "lower",
    "upper",
    "coverage",
    "spread",
    "std",
    "range_low",
    "range_high",
    "in_range",
    "t2",
    "t2_warning",
    "t2_error",
    "q",
    "q_warning",
    "q_error",
    "status",
    "flags",
    "reason",
    "model",
    "digest",
    "settings",
    "profile",
    "axis_action",
    "signal_action",
)


MODEL = COLUMNS[COLUMNS.index("model") :]
# Of the model and how it was asked: each is told where it is given.


class Frame:
    # What is the same for all records of an answer: what the model knows, and how it was asked.
    def __init__(self, targets, labels, limits, ranges, coverage, **same):
        self.labels = labels and list(map(str, labels))  # of classes
        self.none = [None] * len(targets)
        told = [name for name in COLUMNS if name in same or name not in MODEL] + ["proba"]
        (t2_warning, t2_error), (q_warning, q_error) = [limits.get(name) or (None, None) for name in ("t2", "q")]
        same.update(t2_warning=t2_warning, t2_error=t2_error, q_warning=q_warning, q_error=q_error, coverage=coverage)
        self.known = []  # of each target; None where each spectrum has its own
        for number, (target, unit) in enumerate(targets):
            ends = ranges[number] if ranges else (-inf, inf)
            low, high = [end if -inf < end < inf else None for end in ends]
            known = dict(same, target=target, unit=unit, range_low=low, range_high=high)
            self.known.append({name: known.get(name) for name in told})

    def records(self, sample, row, values, raw, lower, upper, spread, std, t2, q, codes, proba=None):
        # One record for each target of one spectrum; None for what is not known.
        for number, known in enumerate(self.known):
            value, low, high = values[number], known["range_low"], known["range_high"]
            yield dict(
                known,
                sample=sample,
                row=row,
                value=value,
                value_raw=raw[number],
                lower=(lower or self.none)[number],
                upper=(upper or self.none)[number],
                spread=(spread or self.none)[number],
                std=(std or self.none)[number],
                in_range=None if low is None or value is None else low <= value <= high,
                t2=t2,
                q=q,
                status=status(codes),
                flags=list(codes),
                proba=None if proba is None else dict(zip(self.labels, proba)),
            )

    def refused(self, sample, row, reason):
        # The same of a spectrum that cannot be predicted.
        none = self.none
        for record in self.records(sample, row, none, none, none, none, none, none, None, None, ()):
            yield dict(record, in_range=None, status="error", flags=["refused"], reason=reason)


def limits_with(adjustment, limits, ranges, names):
    # Limits and ranges of the targets of these names, those in their place that settings give.
    if adjustment is None or not adjustment.limits:
        return limits, ranges
    given = adjustment.limits
    limits = dict(limits, **{n: (given[n]["warning"], given[n]["error"]) for n in limits if n in given})
    own = given.get("range", {})
    if own:
        ranges = [tuple(own.get(name, usual)) for name, usual in zip(names, ranges or [(-inf, inf)] * len(names))]
    return limits, ranges


def adjusted_by(adjustment, values):
    # Values as settings want them told.
    told = adjustment.adjusted(values)
    if not all(-inf < value < inf for value in told):
        raise OverflowError("settings make %r of the predictions %r, expected finite numbers" % (told, values))
    return told


def cell(value):
    # A field as text that reads back as it: numbers with all their digits, codes side by side, nothing for None.
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    text = " ".join(value) if isinstance(value, list) else value if isinstance(value, str) else repr(value)
    return '"%s"' % text.replace('"', '""') if any(c in text for c in ',"\n\r') else text


def json_text(records):
    # Records as JSON, one object for each.
    import json

    return json.dumps(records, indent=2, ensure_ascii=False) + "\n"


def table(records):
    # Records as comma separated text with a header.
    lines = [",".join(COLUMNS)]
    lines += [",".join([cell(record[name]) for name in COLUMNS]) for record in records]
    return "\n".join(lines) + "\n"


def residuals(samples, axis, rows):
    # What each point adds to Q as comma separated text: a row for each spectrum. They are points of the model, wherever
    # the spectra were measured; numbers where it knows none, or where its preprocessing leaves others.
    points = axis if axis and len(axis) == len(rows[0]) else range(1, len(rows[0]) + 1)
    lines = [",".join(["sample"] + [cell(point) for point in points])]
    for number, row in enumerate(rows):
        lines.append(",".join([cell(str(samples[number] if samples else number + 1))] + list(map(repr, row))))
    return "\n".join(lines) + "\n"


OUTLYING = 3.5  # modified z-score of an outlying scan (Iglewicz and Hoaglin 1993)
REPLICATES = ("sample", "target", "count", "mean", "sd", "outlying")


def median(values):
    ranked = sorted(values)
    half = len(ranked) // 2
    return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) * 0.5


def replicates(samples, targets, columns):
    # Of each sample with several scans, in the order of the first, and each target: how many, their mean and standard
    # deviation, and the rows (from 1) that lie apart from the others. `columns` holds the values of each target, None
    # or NaN for those that could not be predicted.
    rows = {}  # type: ignore[var-annotated]  # scripts carry this text
    for row, sample in enumerate(samples, 1):
        rows.setdefault(sample, []).append(row)
    told = []
    for sample, own in rows.items():
        for target, values in zip(targets, columns) if len(own) > 1 else ():
            scans = [(row, values[row - 1]) for row in own if values[row - 1] is not None]
            scans = [(row, value) for row, value in scans if value == value]
            told.append(dict({"sample": sample, "target": target}, **together(scans)))
    return told


def together(scans):
    found = [value for _, value in scans]
    if len(found) < 2:
        return {"count": len(found), "mean": found[0] if found else None, "sd": None, "outlying": []}
    mean = total(found) / len(found)
    deviation = sqrt(total([(value - mean) * (value - mean) for value in found]) / (len(found) - 1))
    middle = median(found)
    usual = median([abs(value - middle) for value in found])
    # Of two scans nobody can say which is the other's outlier.
    outlying = [row for row, value in scans if len(found) > 2 and abs(value - middle) * 0.6745 > OUTLYING * usual]
    return {"count": len(found), "mean": mean, "sd": deviation, "outlying": outlying}


def replicates_table(told):
    # The same as comma separated text.
    lines = [",".join(REPLICATES)]
    for one in told:
        cells = [cell(one[name]) for name in REPLICATES[:-1]]
        lines.append(",".join(cells + [" ".join(map(str, one["outlying"]))]))
    return "\n".join(lines) + "\n"
