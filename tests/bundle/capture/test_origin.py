"""Whose state it is: one that another scikit-learn wrote is read where it was compared, and refused by name if not."""

from __future__ import annotations

from typing import Any

import pytest
import sklearn
from n4akit.bundle.capture import FittedStep, from_sklearn, from_steps
from n4akit.bundle.capture.origin import NEWEST, check_origin, witnessed
from n4akit.bundle.errors import CaptureError
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ..zoo import TARGETS, ZOO, X, available

Y, KINDS = TARGETS["one target"], TARGETS["three classes"]
HERE = {"scikit-learn": sklearn.__version__}


def older(version: str) -> dict[str, str]:
    return {"scikit-learn": version}


def refused(fitted: Any, environment: dict[str, str], message: str) -> None:
    with pytest.raises(CaptureError, match=message):
        from_sklearn(fitted, environment=environment)


def test_a_live_check_by_the_scikit_learn_that_fitted_it_says_so() -> None:
    model = make_pipeline(StandardScaler(), Ridge()).fit(X, Y)
    for environment, proof in [(HERE, "origin-environment"), ({}, "live"), (older("1.3.2"), "live")]:
        steps = from_sklearn(model, environment=environment).branches["0"]
        assert [step.verified for step in steps] == [proof, proof]


def test_invariants_stay_what_they_are() -> None:
    assert witnessed("invariants", HERE) == "invariants"


def test_a_class_that_was_not_compared_is_refused_unless_it_was_fitted_here() -> None:
    model = RidgeClassifier().fit(X, KINDS)
    refused(
        model, older("1.5.2"), r"^RidgeClassifier: scikit-learn 1\.5\.2 wrote its state, .* were not compared: capt"
    )
    check_origin([model], HERE)
    check_origin([model], {})


def test_a_class_is_refused_before_the_version_from_which_it_was_compared() -> None:
    model = DecisionTreeClassifier(max_depth=2).fit(X, KINDS)
    check_origin([model], older("1.5.0"))
    refused(model, older("1.3.2"), r"^DecisionTreeClassifier: .* its states were compared from 1\.5 to ")


def test_a_version_newer_than_those_compared_is_refused() -> None:
    major, minor = NEWEST
    refused(Ridge().fit(X, Y), older(f"{major}.{minor + 1}.0"), rf"^Ridge: .* compared from 1\.3 to {major}\.{minor}: ")


@pytest.mark.parametrize("wrap", [list, lambda one: {"a": one}, lambda one: make_pipeline(StandardScaler(), *one)])
def test_what_is_inside_counts_however_deep(wrap: Any) -> None:
    inner = BaggingClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=2).fit(X, KINDS)
    with pytest.raises(CaptureError, match=r"^DecisionTreeClassifier: "):
        check_origin([wrap([inner])], older("1.3.2"))


def test_a_part_that_is_not_fitted_does_not_count() -> None:
    inner = BaggingClassifier(Ridge()).set_params(estimator=DecisionTreeClassifier())
    check_origin([inner], older("1.3.2"))


def test_steps_of_a_workspace_count_too() -> None:
    scaler, model = StandardScaler().fit(X), Ridge().fit(X, Y)
    step = FittedStep(1, "sklearn.preprocessing.StandardScaler", {}, scaler)
    assert from_steps([step], {"0": model}, environment=older("1.3.2")).environment == older("1.3.2")
    vars(scaler)["with_mean"] = True
    tree = FittedStep(1, "sklearn.tree.DecisionTreeClassifier", {}, DecisionTreeClassifier().fit(X, KINDS))
    with pytest.raises(CaptureError, match=r"^DecisionTreeClassifier: "):
        from_steps([tree], {"0": model}, environment=older("1.3.2"))


def spelled_one_versus_rest() -> Any:
    model = LogisticRegression().fit(X, KINDS)
    model.multi_class = "ovr"
    return model


def boosted_by_probabilities() -> Any:
    model = AdaBoostClassifier(n_estimators=2).fit(X, KINDS)
    model.algorithm = "SAMME.R"
    return model


RETIRED = {"one-versus-rest": spelled_one_versus_rest, r"SAMME\.R": boosted_by_probabilities}


@pytest.mark.parametrize("what", RETIRED)
def test_what_a_later_version_takes_for_something_else_is_refused(what: str) -> None:
    refused(RETIRED[what](), older("1.7.2"), what)


@pytest.mark.parametrize("what", RETIRED)
def test_it_is_seen_without_being_told_who_wrote_it(what: str) -> None:
    refused(RETIRED[what](), {}, r"another scikit-learn .* \(it has '(multi_class|algorithm)'\), .* environment=")


def test_an_option_that_a_state_lacks_shows_that_another_version_wrote_it() -> None:
    forest = RandomForestClassifier(2, max_depth=2).fit(X, KINDS)
    del forest.monotonic_cst  # 1.4 brought it; before 1.3 leaves held counts
    refused(forest, {}, r"^RandomForestClassifier: another .* \(it lacks 'monotonic_cst'\)")
    ridge = Ridge().fit(X, Y)
    del ridge.positive
    assert from_sklearn(ridge).n_features == 16, "its states were compared, whichever version it was"


def test_a_note_on_an_estimator_of_ones_own_does_no_harm() -> None:
    model = make_pipeline(StandardScaler(), Ridge()).fit(X, Y)
    model.named_steps["ridge"].calibrated_in = "spring"
    assert from_sklearn(model).n_features == 16


def test_a_version_that_is_none_is_refused() -> None:
    refused(Ridge().fit(X, Y), older("new"), "'new' is no version, expected one such as 1.3.2")


def test_an_opaque_step_of_another_version_is_refused_alike() -> None:
    """It would be carried as what the running version makes of it."""
    model = DecisionTreeClassifier(max_depth=2).fit(X, KINDS)
    with pytest.raises(CaptureError, match=r"^DecisionTreeClassifier: "):
        from_sklearn(model, environment=older("1.3.2"), opaque=True)


def test_nothing_that_is_fitted_here_looks_like_anothers() -> None:
    for name in available()[::4]:
        check_origin([ZOO[name].fit()], {})
