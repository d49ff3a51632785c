"""What a request asks for, told from its method and path before anything is looked up: a verb, and of which model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

__all__ = ["PUBLIC", "VERBS", "asked", "of_inference", "routed"]

VERBS = ("predict", "read", "manage", "metrics")
"""What a token may allow: predictions; what is told of models and the server; whatever changes it; /metrics."""

PUBLIC = "public"
"""The verb of what anybody may ask: whether the server lives and is ready, and the page, which holds nothing."""

_WELL = frozenset({"/live", "/ready", "/v2/health/live", "/v2/health/ready"})
_PAGE = frozenset({"page", "favicon.ico"})
_PREDICTING = frozenset({"predict", "infer", "explain", "contributions"})


@lru_cache(256)  # clients choose how long each is
def asked(method: str, path: str) -> tuple[str, str]:
    """The verb, and the name of the model, empty where none is named. What changes anything needs `manage`.

    The path is the decoded one, and is taken apart as the router does: empty parts do not count.
    """
    parts = [part for part in path.split("/") if part]
    reads = method in ("GET", "HEAD", "OPTIONS")
    if reads and (path in _WELL or not parts or (parts[0] in _PAGE and parts[1:2] != ["spectra"])):
        return PUBLIC, ""
    if parts[:2] == ["page", "spectra"]:
        return "predict", parts[2] if len(
            parts
        ) > 2 else ""  # a file that is to be predicted, read as its model reads it
    if parts == ["metrics"] and reads:
        return "metrics", ""
    # /v1/models/NAME/…, /v2/models/NAME/…, /v2/repository/models/NAME/…
    before = parts.index("models", 1, 3) if "models" in parts[1:3] else len(parts)
    model = parts[before + 1] if before + 1 < len(parts) else ""
    if reads:
        return "read", model
    if method == "POST" and model and parts[-1] in _PREDICTING:
        return "predict", model
    return "manage", model


def routed(scope: Mapping[str, Any]) -> str:
    """The path that the router of the application sees, where the server stands below a path of another."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.split(root, 1)[-1] if root else path


def of_inference(path: str) -> bool:
    """Whether a path is of the Open Inference Protocol: `/v2` and all below, whether there is such a route or not."""
    return path.strip("/").partition("/")[0] == "v2"
