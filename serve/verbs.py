"""What a request asks for, told from its method and path before anything is looked up: a verb, and of which model."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote

__all__ = ["PUBLIC", "VERBS", "asked"]

VERBS = ("predict", "read", "manage", "metrics")
"""What a token may allow: predictions; what is told of models and the server; whatever changes it; /metrics."""

PUBLIC = "public"
"""The verb of what anybody may ask: whether the server lives and is ready, and the page, which holds nothing."""

_WELL = frozenset({"/live", "/ready", "/v2/health/live", "/v2/health/ready"})
_PREDICTING = frozenset({"predict", "infer", "explain", "contributions"})


@lru_cache(4096)
def asked(method: str, path: str) -> tuple[str, str]:
    """The verb, and the name of the model, empty where none is named. What is not known needs `manage`."""
    parts = [part for part in path.split("/") if part]
    reads = method in ("GET", "HEAD", "OPTIONS")
    if reads and (path in _WELL or not parts or parts[0] not in ("v1", "v2", "metrics")):
        return PUBLIC, ""
    if parts == ["metrics"] and reads:
        return "metrics", ""
    model = unquote(parts[2]) if len(parts) > 2 and parts[1] == "models" else ""
    if reads:
        return "read", model
    if method == "POST" and model and parts[-1] in _PREDICTING:
        return "predict", model
    return "manage", model
