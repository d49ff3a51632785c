"""What a settings file must look like, for every host: plain Python, and the text that scripts carry.

The form is SETTINGS.md §1. Each check lists what is wrong with a value, and where. Python 3.8 syntax.
"""
# Scripts carry this text: annotations would only be noise there.
# mypy: allow-untyped-defs, allow-untyped-calls

__all__ = ["SETTINGS_FORMAT", "SETTINGS_VERSION", "TWICE", "form_problems", "format_problems", "sha256_text"]


def format_problems(document):
    """Why this is no document that can be judged at all."""
    if type(document) is not dict:
        yield unfit("the file", document, "an object")
    elif document.get("format") != SETTINGS_FORMAT:
        yield unfit("format", document.get("format"), repr(SETTINGS_FORMAT))
    elif type(document.get("version")) is not int or document["version"] != SETTINGS_VERSION:
        yield unfit("version", document.get("version"), "%d, which is all that this n4akit reads" % SETTINGS_VERSION)


def form_problems(document, targets):
    """All that is wrong with the form of a document of this format, for a model with such targets."""
    target = with_keys({}, {"slope": real_above(0.0), "bias": real_above(), "decimals": integer_in(0, 12)})
    limit = with_keys({"warning": real_above(0.0), "error": real_above(0.0)}, {}, in_order)
    limits = with_keys({}, {"t2": limit, "q": limit, "range": of_targets(targets, span)})
    entry = with_keys(
        {}, {"instrument": plain_text, "product": plain_text, "targets": of_targets(targets, target), "limits": limits}
    )
    version = with_keys(
        {
            "number": integer_in(1, 2**53),
            "time": utc_time,
            "author": plain_text,
            "reason": plain_text,
            "previous": sha256_text,
            "entries": many(entry, 0, different_keys),
        },
        {},
    )
    check = with_keys(
        {
            "format": plain_text,
            "version": integer_in(SETTINGS_VERSION, SETTINGS_VERSION),
            "bundle": sha256_text,
            "versions": many(version, 1),
            "digest": sha256_text,
        },
        {},
    )
    return check("", document)


SETTINGS_FORMAT = "n4a settings"
SETTINGS_VERSION = 1
TWICE = object()  # under this key, which JSON cannot say, an object holds those keys that it was given twice


def unfit(where, value, expected):
    return "%s: %s, expected %s" % (where, found_as(value), expected)


def found_as(value):
    # What lies in lists and objects is not shown: it may be large, or deep.
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    words = {bool: "a truth value", str: "text", int: "a number", float: "a number", type(None): "null"}
    return "%s (%s)" % (clipped(value), words.get(type(value), "no JSON"))


def clipped(value):
    return "%.60s" % repr(value)


def with_keys(required, optional, beyond=None):
    # An object with exactly these keys, the optional ones at will; `beyond` looks at one that is in order.
    known = dict(required, **optional)

    def check(where, value):
        if type(value) is not dict:
            yield unfit(where, value, "an object")
            return
        inside = where + "." if where else ""
        place = where or "the file"
        found = ["%s: %s is given twice" % (place, clipped(key)) for key in value.get(TWICE, ())]
        found += ["%s: %r is missing" % (place, key) for key in required if key not in value]
        for key, item in value.items():
            if key in known:
                found.extend(known[key](inside + key, item))
            elif key is not TWICE:
                found.append("%s: %s is unknown, expected %s" % (place, clipped(key), ", ".join(known) or "none"))
        yield from found
        if beyond and not found:
            yield from beyond(where, value)

    return check


def of_targets(targets, item):
    # An object by names of targets; a name that several targets have names none of them.
    return with_keys({}, {name: item for name in targets if list(targets).count(name) == 1})


def many(item, least, beyond=None):
    def check(where, value):
        if type(value) is not list or len(value) < least:
            yield unfit(where, value, "a list" + (" of at least %d" % least) * (least > 0))
            return
        for number, element in enumerate(value):
            yield from item("%s[%d]" % (where, number), element)
        if beyond:
            yield from beyond(where, value)

    return check


def different_keys(where, entries):
    keys = [entry_key(entry, number) for number, entry in enumerate(entries)]
    first = {key: number for number, key in reversed(list(enumerate(keys)))}
    for number, key in enumerate(keys):
        if first[key] != number:
            both = where, number, where, first[key]
            yield "%s[%d]: of the same instrument and product as %s[%d], expected one entry for them" % both


def entry_key(entry, number):
    key = (entry.get("instrument"), entry.get("product")) if type(entry) is dict else (number,)
    # What is no text is wrong anyway, and of any kind and depth.
    return key if all(type(part) in (str, type(None)) for part in key) else (number,)


def real_above(least=None):
    def check(where, value):
        if type(value) not in (int, float) or not abs(value) < float("inf") or (least is not None and value <= least):
            yield unfit(where, value, "a finite number" + ("" if least is None else " above %g" % least))

    return check


def integer_in(least, most):
    def check(where, value):
        if type(value) is not int or not least <= value <= most:
            yield unfit(where, value, "an integer from %d to %d" % (least, most))

    return check


def in_order(where, limit):
    if float(limit["warning"]) > float(limit["error"]):
        yield "%s: warning %r is above error %r, expected not above" % (where, limit["warning"], limit["error"])


def span(where, value):
    if type(value) is not list or len(value) != 2:
        yield unfit(where, value, "a list [low, high]")
        return
    found = [problem for end in (0, 1) for problem in real_above()("%s[%d]" % (where, end), value[end])]
    if not found and float(value[0]) >= float(value[1]):
        found = ["%s: from %r to %r, expected the lower end first, and below the other" % (where, value[0], value[1])]
    yield from found


def plain_text(where, value):
    # Not str.isprintable: what that says depends on the Python.
    if (
        type(value) is not str
        or not 1 <= len(value) <= 1000
        or value.strip(" ") != value
        or any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in value)
    ):
        yield unfit(where, value, "one line of 1 to 1000 characters without a space at its ends")


def sha256_text(where, value):
    if type(value) is not str or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        yield unfit(where, value, "a sha256, 64 lower-case hexadecimal digits")


def utc_time(where, value):
    from datetime import datetime

    text = value if type(value) is str else ""
    try:
        year, month, day, hour, minute, second = (int(text[i : i + 2]) for i in (2, 5, 8, 11, 14, 17))
        same = datetime(2000 + year, month, day, hour, minute, second).isoformat() + "Z" == text
    except ValueError:
        same = False
    if not same:
        yield unfit(where, value, "a time in UTC such as 2026-03-31T09:30:00Z")
