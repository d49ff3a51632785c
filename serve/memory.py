"""The bound on what loaded bundles take: whoever was not asked for longest is let go, and loaded again on demand."""

from __future__ import annotations

from .layout import File
from .slot import Loader, Model, Slot

__all__ = ["Memory"]


class Memory:
    """The slots that are filled, which hold up to `bound` bytes together; 0 is any number. Changed by one thread at a
    time.
    """

    def __init__(self, load: Loader, bound: int) -> None:
        self.bound = bound
        self._load = load
        self._filled: set[Slot] = set()

    @property
    def used(self) -> int:
        """Bytes of all loaded bundles; may be asked while one is loaded."""
        return sum(slot.weight for slot in tuple(self._filled))

    def fill(self, slot: Slot, file: File) -> Model | None:
        """Load a slot from a file, and let others go before and after so that the bound holds; None when it fails."""
        if slot.model is None:
            # Before, by what is known of it, so that the peak is low; what it takes indeed is measured then.
            self._make_room(slot, slot.weight)
        model = slot.fill(self._load, file, self.bound)
        if model is not None:
            self._filled.add(slot)
            self._make_room(slot, slot.weight)
        return model

    def drop(self, slot: Slot) -> None:
        """Let a slot go. Whoever is predicting with its bundle finishes with it."""
        self._filled.discard(slot)
        slot.model = None

    def _make_room(self, newcomer: Slot, needed: int) -> None:
        if not self.bound or needed > self.bound:
            return
        others = sorted(self._filled - {newcomer}, key=lambda slot: slot.used)
        taken = sum(slot.weight for slot in others)
        for slot in others:
            if taken + needed <= self.bound:
                break
            self.drop(slot)
            taken -= slot.weight
