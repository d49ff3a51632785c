"""A writer of settings that gives way to others, and tries again: as a function, and as a program of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from n4akit.bundle import WriteError
from n4akit.bundle.settings_history import open_settings

__all__ = ["insist"]


def insist(fat: Path, name: str, turns: int) -> None:
    """Add versions, looking again whenever another was quicker."""
    done = 0
    while done < turns:
        try:
            entry = {"instrument": name, "targets": {"fat": {"bias": float(done)}}}
            open_settings(fat).add([entry], author=name, reason=f"turn {done}")
            done += 1
        except WriteError as error:
            assert "changed since it was read" in str(error)


if __name__ == "__main__":
    insist(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
