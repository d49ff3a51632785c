"""The wheel holds every room and nothing else, and lives beside a stranger's package named `n4a`."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from n4akit.templates import page_files

ROOT = Path(__file__).parents[1]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the source distribution, as it would be published."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
        cwd=out,
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our wheel and a regular package `n4a`, as another distribution of this field installs it."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    (site / "n4a").mkdir()
    (site / "n4a" / "__init__.py").write_text("name = 'a stranger'\n", "utf-8")
    return site


def test_every_folder_with_code_is_packaged() -> None:
    folders = {path.parent.relative_to(ROOT) for path in ROOT.rglob("__init__.py")}
    outside = ("tests", ".path", "build")
    expected = {"n4akit", *(f"n4akit.{'.'.join(f.parts)}" for f in folders if f.parts and f.parts[0] not in outside)}
    assert set(PACKAGES) == {name for name in expected if "site-packages" not in name}


def test_the_wheel_holds_the_package_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"n4akit"}
    assert not [name for name in names if "tests" in name.split("/")]
    assert {"n4akit/py.typed", "n4akit/templates/data/tecator.csv", "n4akit/templates/data/tecator_PERMISSION.txt"} <= {
        *names
    }
    page = {f"n4akit/templates/page/{name}" for name in page_files()}
    assert {name for name in names if "/page/" in name and ".dist-info" not in name} == page
    assert not [name for name in names if name.endswith(".png")]


def test_every_room_imports_from_the_wheel_beside_a_stranger(installed: Path, tmp_path: Path) -> None:
    code = f"import sys, n4a, {', '.join(PACKAGES)}; print(*(sys.modules[r].__file__ for r in {PACKAGES}), n4a.name)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    folders = [installed.joinpath(*package.split(".")) for package in PACKAGES]
    assert done.stdout == " ".join([*(str(folder / "__init__.py") for folder in folders), "a stranger\n"])
