"""What the server answers, a file for each thing it is asked about. What a token must allow is told from method and
path, before a handler is found: `verbs.asked`.
"""

from .health import live, ready
from .metrics import show_metrics
from .models import get_model, get_version, list_models, reload_all, reload_model
from .open_inference import infer, model_metadata, model_ready, server_live, server_metadata, server_ready
from .page import get_card, page, part, spectra
from .predict import predict
from .schema import describing

__all__ = ["BUSY", "INTERFACE", "ROUTES"]

INTERFACE = [
    live,
    ready,
    show_metrics,
    list_models,
    get_model,
    get_version,
    get_card,
    reload_model,
    reload_all,
    predict,
    server_metadata,
    server_live,
    server_ready,
    model_metadata,
    model_ready,
    infer,
]
"""What programs ask."""

BUSY = [predict, infer]
"""What instruments ask all day."""

PAGE = [page, part, spectra]
"""Nobody's interface but the page's own."""

ROUTES = [*INTERFACE, *describing(INTERFACE), *PAGE]
