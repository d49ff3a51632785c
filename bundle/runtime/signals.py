"""The signal of spectra, and how one becomes another, for every host: plain Python, and the text that scripts carry.

The rules are FORMAT.md §13. Other hosts take from here which `steps` are to be done and within which limits, and do the
arithmetic of STEPS alone. Python 3.8 syntax.
"""
# Scripts carry this text: annotations would only be noise there.
# mypy: allow-untyped-defs, allow-untyped-calls

from .stdlib import exponential, logarithm

__all__ = ["SIGNALS", "Conversion", "SignalMismatch", "conversion_to", "converted_row", "signal_named"]


class SignalMismatch(ValueError):
    """A signal from which there is no prediction; the message says what was found and what was expected."""


class Conversion:
    """What is done with values, said by `action`: the `steps` in order, none where they are taken as they are.

    What is converted is `what`, of values from `least` to `largest`.
    """

    def __init__(self, action, steps=(), what="", least=0.0, largest=0.0):
        self.action = action
        self.steps = steps
        self.what = what
        self.least = least
        self.largest = largest

    def complaint(self, point, value):
        """Why a value is not converted; both come as they are to be told."""
        found = point, value, self.what, self.least, self.largest
        return "point %d is %s, expected a value of %s from %g to %g" % found

    def applied(self, value):
        """A value in the signal of the model."""
        for step in self.steps:
            value = STEPS[step](value)
        return value


LN_10 = 2.302585092994046
STEPS = {
    "from percent": lambda x: x / 100.0,
    "to percent": lambda x: x * 100.0,
    "to absorbance": lambda x: logarithm(x) / -LN_10,
    "from absorbance": lambda x: exponential(x * -LN_10),
}
# What people write besides, in small letters, without blanks and underscores.
SIGNALS = {
    "absorbance": ("a", "abs", "log1/r", "log(1/r)", "log10(1/r)", "log1/t", "log(1/t)", "log10(1/t)"),
    "reflectance": ("r",),
    "transmittance": ("t",),
    "percent reflectance": ("%r", "r%", "%reflectance", "reflectance%", "reflectancepercent"),
    "percent transmittance": ("%t", "t%", "%transmittance", "transmittance%", "transmittancepercent"),
}
PERCENT = "percent "
# Beyond these nothing was measured: a percent form was called a fraction, say. All three say the same of the light,
# next to none and ten times as much as there was; where no logarithm is taken it may be as much below zero.
OF_ABSORBANCE = -1.0, 20.0
OF_FRACTION = 1e-20, 10.0
OF_PERCENT = 1e-18, 1000.0


def signal_named(text):
    """The signal that `text` means, one of SIGNALS; raises SignalMismatch for what is none."""
    written = "".join(text.lower().replace("_", " ").split()) if isinstance(text, str) else None
    for signal, others in SIGNALS.items():
        if written == signal.replace(" ", "") or written in others:
            return signal
    found = text, ", ".join(SIGNALS)
    raise SignalMismatch("signal: %r, expected %s; A, R, T, %%R, %%T or log(1/R) are understood too" % found)


def conversion_to(own, declared=None, strict=False):
    """What is done with spectra that are `declared` to be of a signal, for a model of its `own`; None: not known.

    Raises SignalMismatch; `strict` refuses all but the model's own, where that is known.
    """
    if declared is None:
        if strict and own is not None:
            raise SignalMismatch(
                "signal: none was given, and strict asks that it is checked; say what the spectra are, as signal=%r"
                % own
            )
        return Conversion("signal_unchecked")
    source = signal_named(declared)
    if own is None:
        raise SignalMismatch(
            "signal: the spectra are %s, and this model does not know of what signal its own are; "
            "give no signal if they are the same" % source
        )
    if source == own:
        return Conversion("same")
    geometries = {signal.replace(PERCENT, "") for signal in (source, own)}
    if geometries == {"reflectance", "transmittance"}:
        raise SignalMismatch(
            "signal: the spectra are %s, the model's are %s; these were measured in different ways, "
            "and nothing converts one to the other" % (source, own)
        )
    if strict:
        raise SignalMismatch(
            "signal: strict asks for the model's own, %s, and these would be converted from %s" % (own, source)
        )
    return conversion_between(source, own)


def conversion_between(source, own):
    # By way of the fraction of the light.
    steps = ["from percent"] * (PERCENT in source) + ["from absorbance"] * (source == "absorbance")
    steps += ["to absorbance"] * (own == "absorbance") + ["to percent"] * (PERCENT in own)
    least, largest = OF_ABSORBANCE if source == "absorbance" else OF_PERCENT if PERCENT in source else OF_FRACTION
    least = least if "absorbance" in (source, own) else -largest
    return Conversion("converted from %s" % source, tuple(steps), source, least, largest)


def converted_row(row, blocks, used):
    # The row in the signals of a model, and why there is none or None. The blocks are conversions, each with the
    # number of its columns; what is in no column that is used, or missing, stays.
    out, start = list(row), 0
    for conversion, width in blocks:
        for column in range(start, start + width) if conversion.steps else ():
            value = row[column]
            if column in used and value == value:
                if not conversion.least <= value <= conversion.largest:
                    return row, conversion.complaint(column + 1, value)
                out[column] = conversion.applied(value)
        start += width
    return out, None
