"""Our server beside those of others: the same fitted model, spectra and core; what was asked for, kept or missed.

Run: python tests/benchmarks/serving.py [--only NAME …] [--repeats N] [--seconds N] [--venvs FOLDER]

Servers of others are installed with pip by their names, an environment each, into a folder that is kept. Servers have
the first core; wrk, which asks them, has the second. In a round all are started, one after the other, and their answers
compared with scikit-learn's; then each load is put on them in turn, and all are stopped. What counts are medians of
ratios within a round. Without wrk, a second core or Linux there is nothing to measure with.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.domain import Calibration, Validation
from n4akit.bundle.export import export
from servers import figures, targets
from servers.environments import python
from servers.line_up import CONTESTANTS, Models
from servers.load import cores, wanted
from servers.rounds import MOST, Bench, one_round
from servers.targets import Cell
from servers.trials import TRIALS
from workload import POINTS, Trained, spectra, train


def written(trained: Trained, folder: Path) -> Models:
    """The fitted objects in every form that is served."""
    joblib.dump((trained.scaler, trained.models), folder / "model.joblib")
    chain = from_sklearn(trained.folds)
    unseen, references = spectra(100, seed=2)
    calibrated = export(
        chain,
        folder / "calibrated",
        calibration=Calibration(*spectra(300)),
        validation=Validation(references, trained.cached(unseen)),
    )
    return Models(folder, export(chain, folder / "model"), calibrated, folder / "model.joblib", POINTS)


def rounds(bench: Bench, names: Sequence[str], repeats: int) -> list[Any]:
    """All of them; each begins with another contestant."""
    here = [name for name in names if name in CONTESTANTS]
    found = []
    for number in range(repeats):
        print(f"round {number + 1} of {repeats}", file=sys.stderr, flush=True)
        first = number % max(1, len(here))
        said = one_round(bench, [*here[first:], *here[:first]])
        for name in names:
            if name in TRIALS:
                said |= TRIALS[name](bench)
        found.append(said)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everything = [*CONTESTANTS, *TRIALS]
    parser.add_argument("--only", nargs="+", choices=everything, default=everything, metavar="NAME")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2, help="of a load; wrk counts whole ones")
    parser.add_argument("--venvs", type=Path, default=Path.home() / ".cache" / "n4akit-serving")
    given = parser.parse_args()
    wanted()
    server, client = cores()
    environments = given.venvs.resolve()
    for contestant in (CONTESTANTS[name] for name in given.only if name in CONTESTANTS):
        if contestant.environment:
            python(environments, contestant.environment)
    trained = train()
    rows = spectra(MOST, seed=1)[0].round(6)  # as instruments write
    os.sched_setaffinity(0, {client})
    with tempfile.TemporaryDirectory() as folder:
        models = written(trained, Path(folder))
        bench = Bench(models, environments, rows, trained.cached(rows), given.seconds, server)
        found = rounds(bench, given.only, given.repeats)
    titles = {name: CONTESTANTS[name].title for name in given.only if name in CONTESTANTS}
    print(figures.table(titles, found), "\n")
    print(targets.table(found))
    if "reload" in given.only:
        replaced, requests = (sum(one[Cell("reload", "", what)] for one in found) for what in ("replaced", "requests"))
        print(f"\nA model was replaced {replaced} times during {requests} requests.")


if __name__ == "__main__":
    main()
