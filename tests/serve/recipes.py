"""The recipes for deployment, taken out of serve/README.md: what is run in tests is what is written there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
from pathlib import Path

import pytest

__all__ = ["DOCKERFILE", "KSERVE", "NGINX", "UNIT", "commands", "free_port", "instructions", "needed", "unit"]

TEXT = (Path(__file__).parents[2] / "serve" / "README.md").read_text("utf-8").partition("\n## Deployment\n")[2]


def _block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    return str(found)


DOCKERFILE = _block("dockerfile")
UNIT = _block("ini")
NGINX = _block("nginx")
KSERVE = _block("yaml")


def commands(heading: str) -> list[str]:
    """The commands that the section of this heading shows, without their comments."""
    section = TEXT.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    (shown,) = re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    lines = shown.replace("\\\n", " ").splitlines()
    return [line.partition("  #")[0].strip() for line in lines]


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, in their order."""
    lines = DOCKERFILE.replace("\\\n", "").splitlines()
    return [(name, said.strip()) for name, _, said in (line.partition(" ") for line in lines if line)]


def unit(number: int) -> dict[str, list[str]]:
    """The directives of the unit, with all that each is given, for one instance of it."""
    lines = [line for line in UNIT.replace("%i", str(number)).splitlines() if line and line[0] not in "#["]
    said: dict[str, list[str]] = {}
    for name, _, value in (line.partition("=") for line in lines):
        said.setdefault(name, []).append(value)
    return said


def needed(program: str, package: str) -> str:
    """Where a program is; the test is skipped where there is none, unless this is CI."""
    path = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if path is None:
        reason = f"{program} was not found; install Debian's package {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def words(line: str) -> list[str]:
    """A command as systemd and shells split it."""
    return shlex.split(line)
