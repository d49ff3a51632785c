"""What is freed is there for the next: no page is asked for twice."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SIZE, COUNT = 2 * 1024 * 1024, 8
FAULTS = f"""
from resource import RUSAGE_SELF, getrusage
from n4akit.serve.heap import keep_what_is_freed

def bodies():
    before = getrusage(RUSAGE_SELF).ru_minflt
    held = [bytes({SIZE}) for _ in range({COUNT})]
    return getrusage(RUSAGE_SELF).ru_minflt - before

told = keep_what_is_freed()
bodies()
print(told, min(bodies() for _ in range(5)))
"""


def asked_anew(**environment: str) -> tuple[bool, int]:
    """Whether the C library was told, and how many pages a process asks for of which as much was free before."""
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    told, faults = done.stdout.split()
    return told == "True", int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc, which alone is told")
def test_what_is_freed_is_kept() -> None:
    told, faults = asked_anew()
    assert told and faults < COUNT


@pytest.mark.parametrize(
    "environment", [{"MALLOC_MMAP_THRESHOLD_": "65536"}, {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=65536"}]
)
def test_the_environment_has_its_way(environment: dict[str, str]) -> None:
    told, faults = asked_anew(**environment)
    assert not told
    assert platform.libc_ver()[0] != "glibc" or faults >= COUNT
