"""A mapping that stays small: when it is full, what was not used for longest goes."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from typing import Generic, TypeVar

__all__ = ["Recent"]

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most `limit` entries. Safe for threads without a lock, which a forked child might inherit taken: while one
    thread puts an entry again, another may for a moment not find it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What was put under a key, None when it is not there or no longer."""
        try:
            self._entries.move_to_end(key)  # the newest now
        except KeyError:
            return None
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value under a key."""
        entries = self._entries
        entries.pop(key, None)
        entries[key] = value
        if len(entries) > self._limit:
            with suppress(KeyError):  # others have emptied it meanwhile
                entries.popitem(last=False)

    def drop(self, key: K) -> bool:
        """Forget a key; whether it was there. Of several threads one is told that it was."""
        return self._entries.pop(key, None) is not None

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)
