"""What the server counts, in the text format of Prometheus: integers in dictionaries, no locks, no threads.

    metrics.rows.add(12, "grain")
    metrics.batch_rows.observe(12)
    metrics.reloads.add(1, "loaded")
    metrics.gauge("n4a_model_bytes", "Bytes of arrays in memory", ("model",), lambda: {("grain",): 8_000})

All is counted in the loop's thread; only reloads in that of the folders, and so their labels are there from the start.
Where several processes serve, each tells the others what it counted (`sharing`),
and any of them answers with the sums.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import add
from typing import Any

import msgspec

from .record import Record

__all__ = ["CONTENT_TYPE", "Counter", "Gauge", "Histogram", "Metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[str, ...]
Read = Callable[[], Mapping[Labels, float]]
Snapshot = list[tuple[str, list[tuple[Labels, list[float]]]]]

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
DOZENS = 60
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0, 16384.0, 65536.0)


class Counter:
    """A number per combination of labels, which only grows."""

    kind = "counter"

    def __init__(self, name: str, help: str, labels: Labels = ()) -> None:
        self.name = name
        self.help = help
        self.labels = labels
        self.values: dict[Labels, float] = {} if labels else {(): 0}

    def add(self, amount: float, *labels: str) -> None:
        """Add to the number of these labels, given in their order."""
        self.values[labels] = self.values.get(labels, 0) + amount

    def state(self) -> list[tuple[Labels, list[float]]]:
        """All numbers, as data."""
        return [(labels, [value]) for labels, value in self.values.items()]

    def lines(self, state: Mapping[Labels, list[float]]) -> Iterator[str]:
        """A line per combination of labels."""
        for labels, (value,) in sorted(state.items()):
            yield f"{self.name}{_braces(self.labels, labels)} {_text(value)}"


class Gauge(Counter):
    """A number per combination of labels that is asked for when it is told."""

    kind = "gauge"

    def __init__(self, name: str, help: str, labels: Labels, read: Read, *, shared: bool) -> None:
        super().__init__(name, help, labels)
        self.read = read
        self.shared = shared

    def state(self) -> list[tuple[Labels, list[float]]]:
        return [(labels, [value]) for labels, value in self.read().items()]


class Histogram:
    """How many values fell below each bound, per combination of labels."""

    kind = "histogram"

    def __init__(self, name: str, help: str, bounds: tuple[float, ...], labels: Labels = ()) -> None:
        self.name = name
        self.help = help
        self.bounds = bounds
        self.labels = labels
        self.values: dict[Labels, list[float]] = {} if labels else {(): self._zero()}

    def observe(self, value: float, *labels: str) -> None:
        """Count one value."""
        self.observe_all((value,), *labels)

    def observe_all(self, values: Iterable[float], *labels: str) -> None:
        """Count many."""
        counts = self.values.get(labels) or self.values.setdefault(labels, self._zero())
        bounds, total = self.bounds, 0.0
        for value in values:
            counts[bisect_left(bounds, value)] += 1
            total += value
        counts[-1] += total

    def state(self) -> list[tuple[Labels, list[float]]]:
        """The counts of each bucket, and last the sum of the values."""
        return list(self.values.items())

    def _zero(self) -> list[float]:
        return [0] * (len(self.bounds) + 1) + [0.0]

    def lines(self, state: Mapping[Labels, list[float]]) -> Iterator[str]:
        """The buckets, their number and sum, per combination of labels."""
        for labels, (*counts, total) in sorted(state.items()):
            below = 0.0
            for bound, count in zip((*map(_text, self.bounds), "+Inf"), counts, strict=True):
                below += count
                yield f"{self.name}_bucket{_braces((*self.labels, 'le'), (*labels, bound))} {_text(below)}"
            yield f"{self.name}_sum{_braces(self.labels, labels)} {_text(total)}"
            yield f"{self.name}_count{_braces(self.labels, labels)} {_text(below)}"


class Metrics:
    """All that one process counts, and what others counted."""

    def __init__(self, known: Callable[[str], bool] = lambda name: True) -> None:
        """`known` says whether a model of that name is served: no client can make series of its own."""
        self._known = known
        self._answered: list[tuple[Record, float]] = []
        self.others: Callable[[], Iterable[bytes]] = tuple
        """Gives the snapshots of the other processes."""
        self.requests = Counter("n4a_requests_total", "Requests answered.", ("model", "verb", "status"))
        self.refused = Counter("n4a_refused_total", "Requests refused before a model was asked.", ("reason",))
        self.rows = Counter("n4a_rows_total", "Spectra predicted.", ("model",))
        self.flags = Counter("n4a_flags_total", "Flags raised on spectra.", ("model", "code"))
        self.reloads = Counter("n4a_reloads_total", "Versions loaded, refused, dropped while serving.", ("outcome",))
        self.reloads.values = {(outcome,): 0 for outcome in ("loaded", "failed", "dropped")}
        self.lost_lines = Counter("n4a_access_log_lost_lines_total", "Lines that the access log could not take.")
        self.seconds = Histogram("n4a_request_seconds", "From the head of a request to its answer.", SECONDS, ("verb",))
        self.queue_seconds = Histogram("n4a_queue_seconds", "Waiting for a turn.", SECONDS)
        self.decode_seconds = Histogram("n4a_decode_seconds", "Reading the spectra of a request.", SECONDS)
        self.predict_seconds = Histogram("n4a_predict_seconds", "Predicting.", SECONDS)
        self.encode_seconds = Histogram("n4a_encode_seconds", "Writing the answer.", SECONDS)
        self.request_rows = Histogram("n4a_request_rows", "Spectra in a request.", ROWS)
        self.batch_rows = Histogram("n4a_batch_rows", "Spectra predicted together.", ROWS)
        self._all: list[Counter | Histogram] = [
            value for value in vars(self).values() if isinstance(value, Counter | Histogram)
        ]

    def gauge(self, name: str, help: str, labels: Labels, read: Read, *, shared: bool = False) -> None:
        """Tell what `read` gives when somebody asks; of several processes the sum, or of what they share the most."""
        self._all.append(Gauge(name, help, labels, read, shared=shared))

    def observe(self, record: Record, seconds: float) -> None:
        """Count a request that was answered, together with those after it: done by the dozen it takes a third."""
        self._answered.append((record, seconds))
        if len(self._answered) >= DOZENS:
            self._count()

    def _count(self) -> None:
        answered, self._answered = self._answered, []
        alike: dict[tuple[str, str, int], list[tuple[Record, float]]] = defaultdict(list)
        for record, seconds in answered:
            alike[record.model, record.verb, record.status].append((record, seconds))
        for (name, verb, status), group in alike.items():
            model = name if name and self._known(name) else ""
            self.requests.add(len(group), model, verb, str(status))
            self.seconds.observe_all([seconds for _, seconds in group], verb)
            if rows := sum([record.rows for record, _ in group]):
                self.rows.add(rows, model)
            for record, _ in group:
                for codes in record.flags:
                    for code in codes:
                        self.flags.add(1, model, code)
                record.flags = ()
        predicted = [record for record, _ in answered if record.rows]
        self.request_rows.observe_all([record.rows for record in predicted])
        self.queue_seconds.observe_all([record.queue for record in predicted])
        self.decode_seconds.observe_all([record.decode for record in predicted])
        self.predict_seconds.observe_all([record.predict for record in predicted])
        self.encode_seconds.observe_all([record.encode for record in predicted])

    def snapshot(self) -> bytes:
        """What this process counted, for another to add."""
        self._count()
        return msgspec.msgpack.encode([(metric.name, metric.state()) for metric in self._all])

    def restore(self, snapshot: bytes) -> None:
        """Go on from what a process counted that is no more, so that no counter falls."""
        states = dict(_decode(snapshot))
        for metric in self._all:
            for labels, values in states.get(metric.name, ()):
                if isinstance(metric, Histogram):
                    metric.values[labels] = list(values)
                elif not isinstance(metric, Gauge):
                    metric.values[labels] = values[0]

    def text(self) -> str:
        """All of it, of all processes, as Prometheus reads it."""
        sums: dict[str, dict[Labels, list[float]]] = {}
        shared = {metric.name for metric in self._all if isinstance(metric, Gauge) and metric.shared}
        for snapshot in (self.snapshot(), *self.others()):
            for name, state in _decode(snapshot):
                of = sums.setdefault(name, {})
                for labels, values in state:
                    before = of.get(labels)
                    of[labels] = values if before is None else list(map(max if name in shared else add, before, values))
        lines = []
        for metric in self._all:
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
            lines += metric.lines(sums[metric.name])
        return "\n".join(lines) + "\n"


def _decode(snapshot: bytes) -> Snapshot:
    return msgspec.msgpack.decode(snapshot, type=Snapshot)


def _braces(names: Labels, values: Labels) -> str:
    pairs = [f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _text(value: Any) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
