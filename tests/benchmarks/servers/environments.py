"""Environments with each server and nothing else: made once in a folder, with pip, by the names of their packages."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import sklearn

__all__ = ["PACKAGES", "python"]

PACKAGES = {
    "n4akit": ("--editable", str(Path(__file__).parents[3])),
    "fastapi": ("fastapi", "uvicorn", "uvloop", "httptools"),
    "mlserver": ("mlserver", "mlserver-sklearn"),
    "bentoml": ("bentoml",),
    "mlflow": ("mlflow",),
}
BESIDE = (f"scikit-learn=={sklearn.__version__}",)
"""What is unpickled must be what was pickled."""


def python(folder: Path, name: str) -> Path:
    """The interpreter of an environment; what is missing is installed. Raises SystemExit where pip cannot."""
    packages = [*PACKAGES[name], *BESIDE]
    interpreter, done = folder / name / "bin" / "python", folder / name / "installed"
    if not done.is_file() or done.read_text().split() != packages:
        print(f"installing {' '.join(packages)}", file=sys.stderr, flush=True)
        venv.create(folder / name, clear=True, with_pip=True)
        install = subprocess.run(
            [interpreter, "-m", "pip", "install", "--quiet", *packages], capture_output=True, text=True, check=False
        )
        if install.returncode:
            raise SystemExit(f"{name} cannot be installed: {install.stderr[-2000:]}")
        done.write_text("\n".join(packages))
    return interpreter
