"""The demo's spectra are the published ones, and come with the permission to pass them on."""

from __future__ import annotations

from typing import Any

from n4akit.templates import tecator as read
from n4akit.templates.render import FOLDER


def test_all_samples_are_read(tecator: Any) -> None:
    data = read()
    assert len(data.sample) == len(set(data.sample)) == len(data.spectra) == 215
    assert (data.fat, data.water, data.protein) == (
        tecator.fat.tolist(),
        tecator.water.tolist(),
        tecator.protein.tolist(),
    )
    assert data.wavelengths == tecator.wavelengths.tolist() and data.spectra == tecator.X.tolist()
    assert (data.wavelengths[0], data.wavelengths[-1], len(data.wavelengths)) == (850.0, 1050.0, 100)


def test_the_permission_travels_with_the_data() -> None:
    assert "permission" in (FOLDER / "data" / "tecator_PERMISSION.txt").read_text("utf-8").lower()
