"""Templates: every placeholder is filled, and nothing is given in vain."""

from __future__ import annotations

from string import Template

import pytest
from n4akit import templates
from n4akit.templates import render
from n4akit.templates.render import FOLDER


def test_what_is_missing_and_what_is_not_wanted_are_named() -> None:
    wanted = Template((FOLDER / "script.py.txt").read_text("utf-8")).get_identifiers()
    values = {name: "x" for name in wanted if name != "digest"} | {"colour": "red"}
    with pytest.raises(KeyError, match=r"script\.py\.txt: \['colour', 'digest'\]"):
        render("script.py.txt", **values)


def test_values_are_put_in_as_they_are() -> None:
    wanted = Template((FOLDER / "script.py.txt").read_text("utf-8")).get_identifiers()
    text = render("script.py.txt", **dict.fromkeys(wanted, "$digest ${name} \\1"))
    assert text.count("$digest ${name} \\1") >= len(wanted)


def test_the_room_offers_what_it_lists() -> None:
    assert all(hasattr(templates, name) for name in templates.__all__)
