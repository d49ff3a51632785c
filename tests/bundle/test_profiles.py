"""Asking for speed: what the fast profile answers, how far it may be from the exact one, and who is refused it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import BundleError, load
from n4akit.bundle import profiles
from n4akit.bundle.profiles import FAST_TOLERANCE, fast_bound
from n4akit.bundle.runtime import Replay
from n4akit.bundle.runtime.frame import BOUND


def test_the_bound_is_the_largest_difference_on_the_golden_rows(saved: Path, spectra: np.ndarray) -> None:
    exact, fast = load(saved), load(saved, profile="fast")
    rows = exact.golden.rows
    many = np.tile(rows, (-(-BOUND // len(rows)), 1))
    assert fast.bound == max(np.abs(fast.predict(given) - exact.predict(given)).max() for given in (rows, many))
    assert np.abs(fast.predict(spectra) - exact.predict(spectra)).max() < 1e-12 * np.abs(exact.predict(spectra)).max()


def test_a_bundle_and_its_results_tell_profile_and_bound(saved: Path, spectra: np.ndarray) -> None:
    for profile in ("exact", "fast"):
        bundle = load(saved, profile=profile)
        result, info = bundle.predict_full(spectra), bundle.info()
        assert result.profile == bundle.profile == info["profile"] == profile and f", {profile}," in repr(bundle)
        assert result.bound == bundle.bound == info["bound"] and (bundle.bound is None) == (profile == "exact")


def test_golden_answers_too_far_off_refuse_the_profile(model: Any, saved: Path) -> None:
    golden, replay = load(saved).golden, Replay(model.compiled, profile="fast")
    near = replace(golden, compiled=golden.compiled * (1.0 + FAST_TOLERANCE / 3))
    found = fast_bound(replay, near)
    assert np.isclose(found, np.abs(replay.predict(golden.rows) - near.compiled).max(), rtol=1e-6)
    for factor in (1.0 + 2 * FAST_TOLERANCE, 0.0):
        far = replace(golden, compiled=golden.compiled * factor)
        with pytest.raises(
            BundleError, match=r"profile 'fast': its answers .* expected at most 1e-06; load it without"
        ):
            fast_bound(replay, far)


def test_every_target_counts_by_its_own_size(models: Any, saved: Path) -> None:
    """What is nothing beside a large target may be all of a small one."""
    model = models(targets=2)
    replay, rows = Replay(model.compiled, profile="fast"), load(saved).golden.rows
    answers = Replay(model.compiled).predict(rows)
    golden = replace(load(saved).golden, compiled=answers)
    assert fast_bound(replay, golden) < 1e-9
    shifted = answers.copy()
    shifted[:, 1] *= 1.0 + 1e-5
    with pytest.raises(BundleError, match="profile 'fast'"):
        fast_bound(replay, replace(golden, compiled=shifted))


def test_a_model_that_strays_is_not_loaded_in_the_fast_profile_alone(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "FAST_TOLERANCE", -1.0)
    with pytest.raises(BundleError, match=r"model\.n4a: profile 'fast'.*load it without this profile"):
        load(saved, profile="fast")
    assert load(saved).profile == "exact"


def test_other_profiles_and_no_threads_are_refused(saved: Path) -> None:
    with pytest.raises(ValueError, match="profile 'quick': expected 'exact' or 'fast'"):
        load(saved, profile="quick")
    with pytest.raises(ValueError, match="threads: 0 was given, expected 1 or more, or None"):
        load(saved, threads=0)


def test_threads_change_no_bit_of_a_large_batch(saved: Path, spectra: np.ndarray) -> None:
    X = np.concatenate([spectra * (1.0 + number / 7) for number in range(3000)])
    one = load(saved, threads=1).predict(X)
    for threads in (None, 2, 5):
        assert load(saved, threads=threads).predict(X).tobytes() == one.tobytes()
