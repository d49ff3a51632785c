"""Pipeline templates: JSON files with a category, tags and notes, in `library/` of a workspace."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from ..bundle.files import replace
from .documents import encode
from .errors import Refused, StoreError

__all__ = ["PipelineLibrary", "TemplateExists", "UnknownTemplate"]

PIPELINE, METADATA, README = "pipeline.json", "metadata.json", "README.md"
FORBIDDEN = '<>:"/\\|?*'


class UnknownTemplate(StoreError, FileNotFoundError):
    """No template of that name, or one that lacks a file."""


class TemplateExists(StoreError, FileExistsError):
    """A template of that name and category is there already."""


class PipelineLibrary:
    """The templates of a workspace, in `library/<category>/<name>/`. Nothing leads out of that folder."""

    def __init__(self, workspace_path: Path) -> None:
        """Open the library of a workspace, which is made if there is none; the workspace's parent must exist."""
        workspace = Path(workspace_path)
        workspace.mkdir(exist_ok=True)
        self._root = workspace / "library"
        self._root.mkdir(exist_ok=True)

    def save_template(
        self,
        pipeline_config: Any,
        name: str,
        category: str = "general",
        description: str = "",
        tags: Sequence[str] | None = None,
        metrics: Mapping[str, Any] | None = None,
        notes: str = "",
        overwrite: bool = False,
    ) -> Path:
        """Keep a pipeline, a mapping or a list of steps, under a name; answers its folder.

        Raises Refused for a name that is no name, TemplateExists when there is one and `overwrite` is not asked for;
        a template that is overwritten keeps the time at which it was made.
        """
        folder = self._folder(name, category)
        if folder.exists() and not overwrite:
            raise TemplateExists(f"template {name!r} in {category!r} exists; overwrite=True replaces it")
        now = datetime.now(UTC).isoformat()
        metadata = {
            "name": name,
            "category": category,
            "description": description,
            "tags": list(tags or ()),
            "metrics": dict(metrics or {}),
            "notes": notes,
            "created_at": _read(folder / METADATA).get("created_at", now) if (folder / METADATA).exists() else now,
            "modified_at": now,
            "version": "1.0",
        }
        pipeline, described = encode(pipeline_config, "pipeline_config"), encode(metadata, "metadata")
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / PIPELINE, pipeline)
        replace(folder / README, lambda file: file.write(_readme(metadata).encode("utf-8")))
        _write(folder / METADATA, described)
        return folder

    def load_template(self, name: str, category: str | None = None) -> Any:
        """The pipeline of a template: a mapping or a list. Raises UnknownTemplate."""
        return _read(self._found(name, category) / PIPELINE)

    def get_template_metadata(self, name: str, category: str | None = None) -> dict[str, Any]:
        """What is known about a template. Raises UnknownTemplate."""
        return dict(_read(self._found(name, category) / METADATA))

    def list_templates(self, category: str | None = None, tags: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The metadata of all templates, by category and name; of one category, or with any of the tags."""
        listed = [dict(_read(folder / METADATA)) for folder in self._folders(category)]
        return [metadata for metadata in listed if not tags or set(tags) & set(metadata.get("tags", ()))]

    def delete_template(self, name: str, category: str | None = None) -> None:
        """Delete a template. Raises UnknownTemplate."""
        shutil.rmtree(self._found(name, category))

    def copy_from_pipeline(
        self,
        pipeline_dir: Path,
        name: str,
        category: str = "general",
        description: str = "",
        tags: Sequence[str] | None = None,
        extract_metrics: bool = True,
    ) -> Path:
        """Make a template of a folder with a `pipeline.json`; the metrics are those of its `manifest.yaml`."""
        source = Path(pipeline_dir)
        metrics: dict[str, Any] = {}
        if extract_metrics and (source / "manifest.yaml").exists():
            metrics = (yaml.safe_load((source / "manifest.yaml").read_text("utf-8")) or {}).get("metrics") or {}
        return self.save_template(_read(source / PIPELINE), name, category, description, tags, metrics)

    def export_template(self, name: str, export_path: Path, category: str | None = None) -> Path:
        """Copy a template to a folder, which must not exist yet; answers it."""
        target = Path(export_path)
        if target.exists():
            raise TemplateExists(f"{target} exists; give the path of a new folder")
        shutil.copytree(self._found(name, category), target)
        return target

    def import_template(self, import_path: Path, category: str = "general", overwrite: bool = False) -> Path:
        """Take in a folder that `export_template` made, into a category."""
        source = Path(import_path)
        metadata = _read(source / METADATA)
        return self.save_template(
            _read(source / PIPELINE),
            str(metadata.get("name", source.name)),
            category,
            str(metadata.get("description", "")),
            metadata.get("tags"),
            metadata.get("metrics"),
            str(metadata.get("notes", "")),
            overwrite,
        )

    def _folder(self, name: str, category: str) -> Path:
        return self._root / _safe(category, "category") / _safe(name, "template name")

    def _folders(self, category: str | None) -> Iterator[Path]:
        pattern = f"{_safe(category, 'category')}/*" if category is not None else "*/*"
        yield from sorted(path.parent for path in self._root.glob(f"{pattern}/{METADATA}"))

    def _found(self, name: str, category: str | None) -> Path:
        safe = _safe(name, "template name")
        found = [folder for folder in self._folders(category) if folder.name == safe]
        if not found:
            where = f" in {category!r}" if category is not None else ""
            known = ", ".join(sorted({folder.name for folder in self._folders(None)})) or "none"
            raise UnknownTemplate(f"template {name!r}{where} is unknown; there is {known}")
        if len(found) > 1:
            places = ", ".join(repr(folder.parent.name) for folder in found)
            raise Refused(f"template {name!r} is in {len(found)} categories ({places}); say which")
        return found[0]


def _safe(name: str, what: str) -> str:
    """A name as the name of a folder: lower case, spaces as underscores, without what file systems mind."""
    safe = "".join(c for c in str(name).replace(" ", "_") if c not in FORBIDDEN and c.isprintable()).lower().strip(".")
    if not safe:
        raise Refused(f"Invalid {what} {name!r}: nothing of it can name a folder; use letters and digits")
    return safe


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UnknownTemplate(f"{path}: there is no such file, so this is no template") from None
    except ValueError as error:
        raise Refused(f"{path}: no JSON: {error}; restore it from a copy, or delete the template") from None


def _write(path: Path, text: str) -> None:
    replace(path, lambda file: file.write((json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n").encode()))


def _readme(metadata: Mapping[str, Any]) -> str:
    lines = [f"# {metadata['name']}", "", metadata["description"], ""]
    lines += [f"- category: {metadata['category']}", f"- tags: {', '.join(map(str, metadata['tags'])) or 'none'}"]
    lines += [f"- {name}: {value}" for name, value in metadata["metrics"].items()]
    return "\n".join([*lines, "", metadata["notes"]]).rstrip() + "\n"
