"""Naive Bayes and quadratic discriminants: scores of classes by their distributions, then probabilities."""

from __future__ import annotations

import numpy as np

from ..models import BernoulliBayes, Discriminants, GaussianBayes, Softmax
from ..operators import Linear
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "Bayes"
NAIVE = "sklearn.naive_bayes"


@reads(FAMILY, spelled(NAIVE, [], "GaussianNB"), method="predict_proba")
def gaussian(state: State) -> Reading:
    variances = state.table("var_", "sigma_")
    return Reading((GaussianBayes(state.table("theta_"), variances, state.vector("class_prior_")), Softmax()))


@reads(FAMILY, spelled(NAIVE, [], "BernoulliNB"), "with a threshold", method="predict_proba")
def bernoulli(state: State) -> Reading:
    if state.get("binarize") is None:
        raise state.refuse("binarize=None takes the spectra for 0 and 1, which they are not")
    table, priors = state.table("feature_log_prob_"), state.vector("class_log_prior_")
    return Reading((BernoulliBayes(table, priors, state.real("binarize")), Softmax()))


@reads(FAMILY, spelled(NAIVE, [], "MultinomialNB"), method="predict_proba")
def multinomial(state: State) -> Reading:
    return Reading((Linear(state.table("feature_log_prob_"), state.vector("class_log_prior_")), Softmax()))


@reads(FAMILY, spelled(NAIVE, [], "ComplementNB"), method="predict_proba")
def complement(state: State) -> Reading:
    table = state.table("feature_log_prob_")
    offset = state.vector("class_log_prior_") if len(table) == 1 else np.zeros(len(table))
    return Reading((Linear(table, offset), Softmax()))


@reads(
    FAMILY,
    spelled("sklearn.discriminant_analysis", [], "QuadraticDiscriminantAnalysis"),
    "every solver with rotations",
    method="predict_proba",
)
def quadratic(state: State) -> Reading:
    rotations = tuple(state.finite("rotations_", np.asarray(table)) for table in state.get("rotations_"))
    scalings = tuple(state.finite("scalings_", np.ravel(row)) for row in state.get("scalings_"))
    return Reading((Discriminants(state.table("means_"), rotations, scalings, state.vector("priors_")), Softmax()))
