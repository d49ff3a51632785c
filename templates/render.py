"""Fill a template: every placeholder must be given, and everything given must be used."""

from __future__ import annotations

from pathlib import Path
from string import Template

__all__ = ["render"]

FOLDER = Path(__file__).parent


def render(file: str, /, **values: str) -> str:
    """The template `file` of this room with its `$placeholders` filled.

    Values are put in as they are: whoever renders code sees to it that they are code. Raises KeyError when the
    placeholders and the values do not match one to one.
    """
    template = Template((FOLDER / file).read_text("utf-8"))
    wanted = set(template.get_identifiers())
    if wanted != set(values):
        raise KeyError(f"template {file}: {sorted(wanted ^ set(values))} not both in the text and in the values")
    return template.substitute(values)
