"""What the server answers, a file for each thing it is asked about. What a token must allow is told from method and
path, before a handler is found: `verbs.asked`.
"""

from .health import live, ready
from .metrics import show_metrics
from .models import get_model, get_version, list_models, reload_all, reload_model
from .page import get_card, page, part, spectra
from .predict import predict

__all__ = ["ROUTES"]

ROUTES = [
    live,
    ready,
    show_metrics,
    list_models,
    get_model,
    get_version,
    reload_model,
    reload_all,
    predict,
    get_card,
    page,
    part,
    spectra,
]
