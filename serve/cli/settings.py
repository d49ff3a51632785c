"""Verbs on the settings beside a bundle: `n4a settings show`, `set`, `remove`, `history`, `revert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from .bundles import Json, print_json

if TYPE_CHECKING:
    from ...bundle.settings import Settings
    from ...bundle.settings_entries import Entry
    from ...bundle.settings_history import SettingsFile

__all__ = ["settings"]

settings = App(
    name="settings",
    help="Bias, slope, rounding and limits of a bundle, per instrument and product, in NAME.settings.json beside it.",
)

Reason = Annotated[str, Parameter(name="--reason", help="Why; it stays in the history.")]
Author = Annotated[str | None, Parameter(name="--author", help="Who; the name of this account if not given.")]
Instrument = Annotated[str | None, Parameter(name="--instrument", help="For samples of this instrument alone.")]
Product = Annotated[str | None, Parameter(name="--product", help="For samples of this product alone.")]
Limits = Annotated[tuple[float, float] | None, Parameter(negative="")]


@settings.command
def show(
    model: Path,
    /,
    *,
    instrument: Instrument = None,
    product: Product = None,
    version: int | None = None,
    json: Json = False,
) -> int:
    """Say what is set over a bundle: every entry, or with an instrument or a product the one that applies to it.

    Parameters
    ----------
    model
        A bundle (.n4a).
    version
        An older version instead of the one in force.
    """
    from ...bundle.settings_history import open_settings

    file = open_settings(model)
    if not file.history and version is None:
        _print(f"{file.path}: there are no settings; predictions are what the model answers", None, json)
        return 0
    found = file.at(version)
    told = _version(found)
    if instrument is not None or product is not None:
        chosen = found.for_sample(instrument, product).entry
        told["entries"] = [] if chosen is None else [chosen]
    head = f"{file.path}: version {found.version} of {len(file.history)}, digest {found.digest}"
    made = f"{told['time']}, {told['author']}: {told['reason']}"
    entries = [line for entry in told["entries"] for line in _told(entry)] or ["nothing is changed"]
    _print("\n".join([head, made, *entries]), told, json)
    return 0


@settings.command(name="set")
def set_(
    model: Path,
    /,
    *,
    reason: Reason,
    author: Author = None,
    instrument: Instrument = None,
    product: Product = None,
    target: str | None = None,
    slope: float | None = None,
    bias: float | None = None,
    decimals: int | None = None,
    range: Limits = None,
    t2: Limits = None,
    q: Limits = None,
) -> int:
    """Set values of one entry, the others stay; samples get round(slope × value + bias, decimals).

    The entry is that of the instrument and product given, or the one for all other samples. If there is none yet, it
    starts as a copy of the one that has applied so far. An entry applies whole: what it does not say is as in the
    model.

    Parameters
    ----------
    model
        A bundle (.n4a).
    target
        What slope, bias, decimals and range are of; not needed where the model has one target.
    slope
        A number above 0.
    bias
        A number in the unit of the target.
    decimals
        Decimals to round to, 0 to 12.
    range
        Lowest and highest value that count as in range.
    t2
        Warning and error limit of T².
    q
        Warning and error limit of Q.
    """
    from ...bundle.settings_entries import changed
    from ...bundle.settings_history import open_settings
    from ..errors import Misuse

    file = open_settings(model)
    asked = {"slope": slope, "bias": bias, "decimals": decimals}
    given = {name: value for name, value in asked.items() if value is not None}
    limits: dict[str, Any] = {
        name: {"warning": pair[0], "error": pair[1]} for name, pair in (("t2", t2), ("q", q)) if pair is not None
    }
    targets = {}
    if given or range is not None:
        name = _target(file, target)
        targets = {name: given} if given else {}
        limits |= {} if range is None else {"range": {name: list(range)}}
    elif target is not None or not limits:
        raise Misuse("nothing is set, expected --slope, --bias, --decimals, --range, --t2 or --q")
    entries = changed(file.settings, (instrument, product), targets, limits)
    return _add(file, entries, author, reason)


@settings.command
def remove(
    model: Path,
    /,
    *,
    reason: Reason,
    author: Author = None,
    instrument: Instrument = None,
    product: Product = None,
    target: str | None = None,
    t2: Annotated[bool, Parameter(negative="")] = False,
    q: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Remove an entry, or what it says of a target or a limit.

    The entry is that of the instrument and product given, or the one for all other samples. The samples of an entry
    that is removed get the next one that fits them.

    Parameters
    ----------
    model
        A bundle (.n4a).
    target
        Remove only the slope, bias, decimals and range of this target.
    t2
        Remove only the limits of T².
    q
        Remove only the limits of Q.
    """
    from ...bundle.settings_entries import without
    from ...bundle.settings_history import open_settings
    from ..errors import Misuse

    file = open_settings(model)
    parts = [name for name, asked in (("t2", t2), ("q", q)) if asked]
    try:
        left = without(file.entries, (instrument, product), target, parts)
    except KeyError as error:
        raise Misuse(f"{file.path}: {error.args[0]}") from None
    return _add(file, left, author, reason)


@settings.command
def history(model: Path, /, *, json: Json = False) -> int:
    """List all versions of the settings of a bundle: when, by whom, why, and the digest that predictions carry.

    Parameters
    ----------
    model
        A bundle (.n4a).
    """
    from ...bundle.settings_history import open_settings

    file = open_settings(model)
    versions = [_version(file.at(number)) for number, _ in enumerate(file.history, 1)]
    lines = [f"{v['number']}  {v['time']}  {v['digest'][:12]}  {v['author']}: {v['reason']}" for v in versions]
    _print("\n".join(lines) or f"{file.path}: there are no settings", versions, json)
    return 0


@settings.command
def revert(model: Path, version: int, /, *, reason: Reason, author: Author = None) -> int:
    """Put an older version in force again, as a new version: history is only ever added to.

    Parameters
    ----------
    model
        A bundle (.n4a).
    version
        The number of the version; `n4a settings history` lists them.
    """
    from ...bundle.settings_history import open_settings

    file = open_settings(model)
    return _add(file, file.at(version).history[-1]["entries"], author, reason)


def _add(file: SettingsFile, entries: list[Entry], author: str | None, reason: str) -> int:
    import getpass

    from ...bundle.errors import BadSettings
    from ..errors import Misuse

    try:
        author = author or getpass.getuser()
    except (KeyError, OSError):
        raise Misuse("this account has no name; say who it is by --author") from None
    try:
        file.add(entries, author=author, reason=reason)
    except BadSettings as error:
        # What was there was read before: it is what was asked for.
        raise Misuse(str(error)) from None
    return show(file.model)


def _version(settings: Settings) -> dict[str, Any]:
    """What is in force, as it stands in the file, with its digest."""
    return {**settings.history[-1], "digest": settings.digest}


def _target(file: SettingsFile, name: str | None) -> str:
    from ..errors import Misuse

    if not file.targets:
        raise Misuse("the model is a classifier, and labels have neither slope nor bias, decimals nor range")
    if name is None and len(file.targets) > 1:
        raise Misuse(f"--target is missing; the model has {', '.join(file.targets)}")
    return file.targets[0] if name is None else name


def _told(entry: Entry) -> list[str]:
    """An entry for people."""
    from ...bundle.settings_entries import described, key_of

    limits = entry.get("limits", {})
    said = [
        f"  {name}: {', '.join(f'{key} {value!r}' for key, value in given.items())}"
        for name, given in entry.get("targets", {}).items()
    ]
    said += [f"  {name}: range {low!r} to {high!r}" for name, (low, high) in limits.get("range", {}).items()]
    said += [
        f"  {name}: warning above {pair['warning']!r}, error above {pair['error']!r}"
        for name, pair in limits.items()
        if name != "range"
    ]
    return [f"{described(key_of(entry))}:", *(said or ["  as in the model"])]


def _print(text: str, value: Any, json: bool) -> None:
    if json:
        print_json(value)
    else:
        print(text)
