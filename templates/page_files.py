"""The web page as the files it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

__all__ = ["page_files"]

FOLDER = Path(__file__).parent / "page"


@cache
def page_files() -> Mapping[str, bytes]:
    """The content of each file of the page, by its name in the folder `page`: `index.html`, `uplot/LICENSE`.

    Read once: what is served later is what was there then, and a name that is not among them opens no file.
    """
    files = (path for path in sorted(FOLDER.rglob("*")) if path.is_file())
    return MappingProxyType({path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in files})
