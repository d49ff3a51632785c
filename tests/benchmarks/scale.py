"""How a workspace answers as it grows: 10,000 predictions, 100,000 and a million.

Run: python tests/benchmarks/scale.py [ROWS …]
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from n4akit.store import WorkspaceStore
from n4akit.store.database import open_database
from n4akit.store.tables import TABLES, Column
from workload import medians

SIZES = (10_000, 100_000, 1_000_000)
PIPELINE = 500
REPEATS = 9


def made_up(column: Column) -> str:
    """An expression for the value of a column in row `i`."""
    kind = column.kind.sql
    said = {
        "prediction_id": "printf('%036d', i)",
        "pipeline_id": f"printf('%036d', i // {PIPELINE})",
        "chain_id": f"printf('%036d', i // {PIPELINE})",
        "partition": "['train', 'val', 'test'][i % 3 + 1]",
        "dataset_name": "'d' || i % 5",
        "created_at": "TIMESTAMPTZ '2026-01-01' + INTERVAL 1 SECOND * i",
    }
    by_kind = {"JSON": """'{"val":{"rmse":0.3}}'""", "DOUBLE": "random()", "BIGINT": "i % 97"}
    return f"{said.get(column.name, by_kind.get(kind, chr(39) + column.name + chr(39)))} AS {column.name}"


def fill(folder: Path, rows: int) -> None:
    """Put that many predictions, without arrays, into a new workspace."""
    WorkspaceStore(folder).close()
    columns = ", ".join(made_up(column) for column in TABLES["predictions"].columns)
    with open_database(folder) as connection:
        query = f"INSERT INTO predictions BY NAME SELECT {columns}, i AS seq FROM range({rows}) t(i)"
        connection.execute(query).fetchall()
        connection.execute("CHECKPOINT store")


def cold(folder: Path) -> tuple[float, float]:
    """Seconds of opening and closing, and of opening and the first answer."""
    opened, answered = [], []
    for _ in range(REPEATS):
        began = time.perf_counter()
        WorkspaceStore(folder).close()
        opened.append(time.perf_counter() - began)
        began = time.perf_counter()
        with WorkspaceStore(folder) as store:
            store.top_predictions(10)
            answered.append(time.perf_counter() - began)
    return statistics.median(opened), statistics.median(answered)


def warm(folder: Path) -> list[float]:
    """Seconds of `top_predictions(10)`, of the same in SQL, and of a dataset's newest thousand."""
    ranked = f"SELECT {TABLES['predictions'].shown} FROM predictions WHERE \"partition\" = 'val' ORDER BY val_score"
    with WorkspaceStore(folder) as store:

        def raw() -> Any:
            with store._desk.database() as connection:
                return connection.sql(f"{ranked} LIMIT 10").pl()

        def newest() -> Any:
            return store.query_predictions(dataset_name="d1", limit=1000)

        taken: list[float] = medians([lambda: store.top_predictions(10), raw, newest], REPEATS)
        return taken


def exported(folder: Path) -> tuple[int, int]:
    """Bytes of the Parquet file with all predictions, and by how much the largest memory of a process grew for it."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import scale; scale.export(sys.argv[2])"
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(folder)]
    size, grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1].split()
    return int(size), int(grown)


def export(folder: str) -> None:
    """In a process of its own: the largest memory is that of the export."""
    with WorkspaceStore(Path(folder)) as store:
        store.top_predictions(10)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        path = store.export_predictions_parquet(Path(folder) / "all.parquet")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(path.stat().st_size, grown * 1024)


def main() -> None:
    print(
        "| rows | `top_predictions(10)`, warm | raw SQL | ratio | opened, then the same | open and close "
        "| newest 1000 of a dataset | Parquet of all | memory for it | database |"
    )
    print("|---" * 10 + "|")
    for rows in map(int, sys.argv[1:] or SIZES):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fill(folder, rows)
            top, raw, newest = (seconds * 1e3 for seconds in warm(folder))
            opened, answered = (seconds * 1e3 for seconds in cold(folder))
            size, grown = (count / 1e6 for count in exported(folder))
            whole = (folder / "store.duckdb").stat().st_size / 1e6
            print(
                f"| {rows} | {top:.1f} ms | {raw:.1f} ms | {top / raw:.2f} | {answered:.0f} ms | {opened:.0f} ms "
                f"| {newest:.1f} ms | {size:.1f} MB | {grown:.0f} MB | {whole:.0f} MB |"
            )


if __name__ == "__main__":
    main()
