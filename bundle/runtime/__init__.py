"""The only code that turns spectra into predictions: instructions, plans and their replay. Needs numpy alone."""

from .errors import InputError, N4aError, PlanError
from .inputs import matrix
from .plan import Constant, Input, Instruction, Output, Plan
from .replay import Replay
from .result import Result

__all__ = [
    "Constant",
    "Input",
    "InputError",
    "Instruction",
    "N4aError",
    "Output",
    "Plan",
    "PlanError",
    "Replay",
    "Result",
    "matrix",
]
