"""What the server answers, a file for each thing it is asked about. A handler that changes what is served says so:
`opt={"scope": MANAGE}`.
"""

from .health import live, ready
from .models import get_model, get_version, list_models, reload_all, reload_model
from .page import get_card, page, part, spectra
from .predict import predict

__all__ = ["ROUTES"]

ROUTES = [
    live,
    ready,
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
