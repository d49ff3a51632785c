"""How many rows are taken at once: as many as memory and caches allow."""

from __future__ import annotations

from .frame import BOUND, Frame
from .program import Program

__all__ = ["Sizes"]

ROOM = 1_700_000
"""Bytes of all arrays of one block: more leave the caches, less cost more calls. What the calls themselves take stays
below 100,000."""

ENDS = 200_000
"""Bytes of the arrays of the narrow end of many blocks."""

REACH = 5_200_000
"""Bytes of spectra of one block at most: they are read several times, and stay in the cache that processors share. Of
fewer than 500 rows numpy takes products without letting go of the interpreter's lock, which other threads wait for."""

EIGHT = 8
"""Rows of many blocks are whole eights: products are taken of some rows at once."""


class Sizes:
    """For the program that answers `few` spectra and the one that answers `many`, or the same twice, and the narrow end
    of the latter, if any. A block of many has `least` rows.
    """

    def __init__(self, few: Program, many: Program, rest: Program | None, least: int = 1) -> None:
        once = few is not many
        two, one = Frame(few, 1, bound=False).size, Frame(many, 1, bound=False).size
        spectra = 8 * many.plan.inputs[0].width
        self.few = min(BOUND - 1, max(1, ROOM // two))
        """Rows that `few` answers."""
        # Rows that one reading does not answer are read again, in the other half of the room.
        room = ROOM // 2 if once else ROOM
        self.again = max(1, room // (two + spectra))
        """Rows that are read again at once."""
        self._copied = max(least, room // one)
        # At least as many bytes as the spectra have are counted, for what kernels take by themselves; one reading takes
        # nothing.
        self._bound = max(least, min(room // max(one - spectra, 1 if once else spectra), REACH // spectra))
        end = 1 if rest is None else Frame(rest, 1, bound=False).size
        self._ends = {True: (room if once else ENDS) // end, False: ENDS // end}

    def ends(self, size: int, *, bound: bool) -> int:
        """The rows of as many whole blocks as end at once: a call takes little longer than for one."""
        return max(1, self._ends[bound] // size) * size

    def most(self, *, bound: bool) -> int:
        """Rows that one block may have, of spectra that are read where they are or copied."""
        return self._bound if bound else self._copied

    def block(self, rows: int, *, bound: bool) -> int:
        """The rows of each of many blocks."""
        most = self.most(bound=bound)
        most = most // EIGHT * EIGHT or most
        size = -(-rows // -(-rows // most))
        return min(most, -(-size // EIGHT) * EIGHT)
