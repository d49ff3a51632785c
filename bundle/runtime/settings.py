"""What an operator set over a model, as every host applies it: plain Python, and the text that scripts carry.

The file, the selection and the arithmetic are SETTINGS.md. Python 3.8 syntax.
"""
# Scripts carry this text: annotations would only be noise there.
# mypy: allow-untyped-defs, allow-untyped-calls

from .settings_form import TWICE, form_problems, format_problems, sha256_text

__all__ = ["LARGEST_SETTINGS", "Adjustment", "Settings", "SettingsError", "read_settings", "settings_path"]


class SettingsError(ValueError):
    """Settings that no host may apply; the message and `problems` say all that was found and what was expected."""

    def __init__(self, *problems):
        shown = list(problems[:20])
        shown += ["and %d more" % (len(problems) - 20)] * (len(problems) > 20)
        ValueError.__init__(self, "; ".join(shown))
        self.problems = problems


class Adjustment:
    """What applies to a sample: made of the `entry` that was selected for it, or of None.

    `limits` holds the limits that take the place of the model's, as in the file: "t2", "q" and "range", each only where
    it is given. `plain` says that nothing at all is changed.
    """

    def __init__(self, entry, targets):
        self.entry = entry
        given = {} if entry is None else entry
        self.limits = {name: with_reals(limit) for name, limit in given.get("limits", {}).items() if limit}
        self.corrections = [correction_of(given.get("targets", {}).get(name, {})) for name in targets]
        self.plain = not self.limits and not any(self.corrections)

    def adjusted(self, values):
        """The values of all targets as they are to be told."""
        return [value if c is None else corrected(value, *c) for c, value in self.paired(values)]

    def scaled(self, spreads):
        """Standard deviations of the values of all targets, or other distances between such values."""
        return [value if c is None else c[0] * float(value) for c, value in self.paired(spreads)]

    def paired(self, values):
        if len(values) != len(self.corrections):
            raise ValueError("%d values, expected one for each of %d targets" % (len(values), len(self.corrections)))
        return zip(self.corrections, values)


def correction_of(given):
    # Slope, bias and decimals, or None where the value is left as it is.
    slope, bias, decimals = float(given.get("slope", 1.0)), float(given.get("bias", 0.0)), given.get("decimals")
    return None if (slope, bias, decimals) == (1.0, 0.0, None) else (slope, bias, decimals)


def corrected(value, slope, bias, decimals):
    # float: another kind of number would be rounded by rules of its own.
    value = slope * float(value) + bias
    return value if decimals is None else round(value, decimals)


def with_reals(limit):
    if isinstance(limit, dict):
        return {key: with_reals(item) for key, item in limit.items()}
    return [float(item) for item in limit] if isinstance(limit, list) else float(limit)


class Settings:
    """The settings of a bundle: all their versions in `history`, as they stand in the file; the last is in force."""

    def __init__(self, history, digests, targets):
        self.history = history
        self.digests = digests
        self.version = history[-1]["number"]
        self.digest = digests[-1]
        self.adjustments = {
            (entry.get("instrument"), entry.get("product")): Adjustment(entry, targets)
            for entry in history[-1]["entries"]
        }
        self.otherwise = Adjustment(None, targets)

    def for_sample(self, instrument=None, product=None):
        """What applies to a sample of this product on this instrument: the most specific entry, whole."""
        for key in ((instrument, product), (instrument, None), (None, product), (None, None)):
            if key in self.adjustments:
                return self.adjustments[key]
        return self.otherwise


def read_settings(data, bundle, targets):
    """The settings in the bytes (or text) of a file, for the bundle of this digest and its targets' names.

    Of a classifier give no targets: its answers cannot be adjusted. Raises SettingsError with all that is wrong.
    """
    document = parsed_settings(data)
    insist(format_problems(document))
    found = document.get("bundle")
    if found != bundle and not any(sha256_text("bundle", found)):
        raise SettingsError("bundle: these are settings of the bundle %s, expected those of %s" % (found, bundle))
    insist(form_problems(document, targets))
    history = document["versions"]
    digests = [version_digest(version) for version in history]
    insist(chain_problems(history, [bundle] + digests, document["digest"]))
    return Settings(history, digests, targets)


LARGEST_SETTINGS = 2**24  # bytes, as of a manifest


def settings_path(model):
    """The path of the settings of a bundle NAME.n4a or a script NAME.n4a.py: NAME.settings.json beside it."""
    for suffix in (".py", ".n4a"):
        if model.endswith(suffix):
            model = model[: -len(suffix)]
    return model + ".settings.json"


def insist(problems):
    problems = list(problems)
    if problems:
        raise SettingsError(*problems)


def parsed_settings(data):
    import json

    if len(data) > LARGEST_SETTINGS:
        raise SettingsError("the file is larger than %d bytes" % LARGEST_SETTINGS)
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        return json.loads(text, object_pairs_hook=object_of, parse_int=number_of)
    except UnicodeDecodeError:
        raise SettingsError("the file is not UTF-8 text") from None
    except ValueError as error:
        raise SettingsError("the file is not JSON: %s" % error) from None
    except RecursionError:
        raise SettingsError("the file is no settings: its lists and objects are too deep in each other") from None


def object_of(pairs):
    found = {}
    twice = []
    for key, value in pairs:
        if key in found:
            twice.append(key)
        found[key] = value
    if twice:
        found[TWICE] = twice
    return found


def number_of(digits):
    # Pythons differ in how many digits an integer may have; all know what real they stand for.
    return int(digits) if len(digits) < 20 else float(digits)


def version_digest(version):
    """The sha256 of a version's canonical JSON, in which a number is the hexadecimal text of the real."""
    import json
    from hashlib import sha256

    text = json.dumps(with_hex(version), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8")).hexdigest()


def with_hex(value):
    if isinstance(value, dict):
        return {key: with_hex(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_hex(item) for item in value]
    # Zero has no sign: JSON writers do not agree on one.
    return (float(value) + 0.0).hex() if isinstance(value, (int, float)) else value


def chain_problems(history, previous, last):
    # `previous` holds the digest that each version must name, and after those the one that the file must end with.
    for number, version in enumerate(history, 1):
        where = "versions[%d]" % (number - 1)
        if version["number"] != number:
            yield "%s.number: %d, expected %d; versions are only ever added" % (where, version["number"], number)
        if version["previous"] != previous[number - 1]:
            before = "version %d as it stands" % (number - 1) if number > 1 else "the bundle"
            found = where, version["previous"], previous[number - 1], before
            yield "%s.previous: %s, expected %s, the digest of %s; a version was altered" % found
    if last != previous[-1]:
        yield "digest: %s, expected %s, that of the last version as it stands; it was altered" % (last, previous[-1])
