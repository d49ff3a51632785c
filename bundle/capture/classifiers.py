"""Linear classifiers and the models of probabilities that follow from linear scores; generalised linear regressions."""

from __future__ import annotations

import numpy as np

from ..models import Activation, Proportions, Softmax
from ..operators import Concat, Largest, Linear, Operators, Select
from .nested import nested
from .registry import Reading, reads, spelled
from .state import State

__all__ = ["BOTH"]

FAMILY = "linear classifier"
LINEAR = "sklearn.linear_model"

BOTH = Linear(np.array([[-1.0], [1.0]]), np.array([1.0, 0.0]))
"""From the probability of the second of two classes to that of both."""


def scores(state: State) -> Linear:
    """The decision function: one column for each class, or one that is above 0 for the second of two."""
    coef = state.table("coef_")
    return Linear(coef, state.finite("intercept_", np.broadcast_to(np.ravel(state.get("intercept_")), (len(coef),))))


@reads(FAMILY, spelled(LINEAR, ["_ridge"], "RidgeClassifier", "RidgeClassifierCV"), method="predict")
@reads(FAMILY, spelled(LINEAR, ["_perceptron"], "Perceptron"), method="predict")
@reads(FAMILY, spelled(LINEAR, ["_passive_aggressive"], "PassiveAggressiveClassifier"), method="predict")
@reads(FAMILY, spelled(LINEAR, ["_stochastic_gradient"], "SGDClassifier"), method="predict")
@reads(FAMILY, spelled(LINEAR, ["_logistic"], "LogisticRegression", "LogisticRegressionCV"), method="predict")
@reads(FAMILY, spelled("sklearn.svm", ["_classes"], "LinearSVC"), method="predict")
@reads(
    FAMILY, spelled("sklearn.discriminant_analysis", [], "LinearDiscriminantAnalysis"), "every solver", method="predict"
)
def by_largest_score(state: State) -> Reading:
    linear = scores(state)
    if len(linear.coef) == 1:  # beside it a score of 0 for the first class
        zero = np.zeros_like(linear.coef)
        linear = Linear(np.concatenate([zero, linear.coef]), np.concatenate([[0.0], linear.intercept]))
    return Reading((linear, Largest()))


@reads(FAMILY, spelled(LINEAR, ["_ridge"], "RidgeClassifier", "RidgeClassifierCV"), method="decision_function")
@reads(FAMILY, spelled(LINEAR, ["_perceptron"], "Perceptron"), method="decision_function")
@reads(FAMILY, spelled(LINEAR, ["_passive_aggressive"], "PassiveAggressiveClassifier"), method="decision_function")
@reads(FAMILY, spelled(LINEAR, ["_stochastic_gradient"], "SGDClassifier"), method="decision_function")
@reads(FAMILY, spelled(LINEAR, ["_logistic"], "LogisticRegression", "LogisticRegressionCV"), method="decision_function")
@reads(FAMILY, spelled("sklearn.svm", ["_classes"], "LinearSVC"), method="decision_function")
@reads(
    FAMILY,
    spelled("sklearn.discriminant_analysis", [], "LinearDiscriminantAnalysis"),
    "every solver",
    method="decision_function",
)
def by_scores(state: State) -> Reading:
    return Reading((scores(state),))


@reads(FAMILY, spelled(LINEAR, ["_logistic"], "LogisticRegression", "LogisticRegressionCV"), method="predict_proba")
def logistic_regression(state: State) -> Reading:
    linear = scores(state)
    # scikit-learn 1.8 took the option away: two classes or liblinear are one against the rest, others multinomial.
    rule = str(state.get("multi_class", default="auto"))
    alone = rule == "ovr" or (rule != "multinomial" and (len(linear.coef) == 1 or state.get("solver") == "liblinear"))
    if alone:
        return Reading((linear, *_one_against_rest(linear)))
    if len(linear.coef) == 1:  # multinomial with two classes: the scores are −s and s
        linear = Linear(
            np.concatenate([-linear.coef, linear.coef]), np.concatenate([-linear.intercept, linear.intercept])
        )
    return Reading((linear, Softmax()))


def _one_against_rest(linear: Linear) -> Operators:
    return (Activation("logistic"), BOTH if len(linear.coef) == 1 else Proportions())


@reads(
    FAMILY,
    spelled(LINEAR, ["_stochastic_gradient"], "SGDClassifier"),
    "probabilities with the loss log_loss",
    method="predict_proba",
)
def stochastic_gradient(state: State) -> Reading:
    # With modified_huber several classes may have the same probability where their scores differ.
    linear, _ = scores(state), state.expect("loss", "log_loss", "log")
    return Reading((linear, *_one_against_rest(linear)))


@reads(
    FAMILY,
    spelled("sklearn.discriminant_analysis", [], "LinearDiscriminantAnalysis"),
    "every solver",
    method="predict_proba",
)
def linear_discriminants(state: State) -> Reading:
    linear = scores(state)
    if len(linear.coef) == 1:
        return Reading((linear, Activation("logistic"), BOTH))
    return Reading((linear, Softmax()))


@reads(
    FAMILY,
    spelled("sklearn.multiclass", [], "OneVsRestClassifier"),
    "of classifiers with probabilities",
    method="predict_proba",
)
def one_against_rest(state: State) -> Reading:
    if state.get("label_binarizer_").y_type_ == "multilabel-indicator":
        raise state.refuse("it tells several classes of one spectrum, which is not supported")
    members = state.get("estimators_")
    second = Select(np.array([1], dtype=np.int32))
    branches = tuple(
        (*nested(state, f"estimators_[{k}]", member, "predict_proba"), second) for k, member in enumerate(members)
    )
    return Reading((*branches[0], BOTH) if len(branches) == 1 else (Concat(branches), Proportions()))


GENERALISED = spelled(LINEAR, ["_glm.glm", "_glm"], "PoissonRegressor", "GammaRegressor", "TweedieRegressor")


@reads("generalised linear", GENERALISED, "log and identity links", method="predict")
def generalised_linear(state: State) -> Reading:
    linear = scores(state)
    link = state.get("link", default="log")
    if link == "auto":
        link = "identity" if state.real("power") <= 0 else "log"
    if link not in ("identity", "log"):
        raise state.refuse(f"link={link!r} is not supported, only 'identity' and 'log'")
    return Reading((linear,) if link == "identity" else (linear, Activation("exp")))
