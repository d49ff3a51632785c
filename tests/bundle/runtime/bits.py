"""Print a digest of every bit that fixed programs compute, and what numpy makes use of here. Needs numpy alone.

Run: PYTHONPATH=.path python tests/bundle/runtime/bits.py
"""

from __future__ import annotations

import hashlib
import json
from random import Random

import numpy as np
from n4akit.bundle.runtime import Replay
from programs import bits, draw_plan, draw_present, draw_rows


def main() -> None:
    digest = hashlib.sha256()
    for seed in range(120):
        rng = Random(seed)
        plan = draw_plan(rng)
        X = draw_present(rng, draw_rows(rng, rng.randint(1, 70), plan.inputs[0].width))
        for answer in Replay(plan, tuple(plan.outputs))(X):
            digest.update(np.array(bits(answer)).tobytes())
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    print(json.dumps({"digest": digest.hexdigest(), "numpy": np.__version__, "found": found}))


if __name__ == "__main__":
    main()
