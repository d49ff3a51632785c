"""The shapes in which people train, from the trace of a run to a prediction: right, by an independent computation.

They are those on which deployed tools went silently wrong: every one of the fourteen is either predicted with the
numbers of scikit-learn, or refused with what the record lacks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.transformers import MultiplicativeScatterCorrection, SavitzkyGolay, StandardNormalVariate
from n4akit.store import ExecutionStep, Refused
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from .bench import Bench, Matrix, same

FOLDS = (slice(0, 60), slice(40, 100), slice(70, 150))


def fits(model: Any, X: Matrix, y: Matrix) -> list[Any]:
    """The model of each fold."""
    return [type(model)(**model.get_params()).fit(X[rows], y[rows]) for rows in FOLDS]


def mean(models: list[Any], X: Matrix) -> Matrix:
    return np.asarray(np.mean([model.predict(X).reshape(-1) for model in models], axis=0))


def splitter(index: int) -> ExecutionStep:
    return ExecutionStep(index, "splitter", "KFold", {"class": "sklearn.model_selection._split.KFold"})


def test_1_a_line_of_preprocessing(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    snv, scaler = StandardNormalVariate().fit(train), MinMaxScaler()
    done = scaler.fit_transform(snv.transform(train))
    models = fits(PLSRegression(5), done, fat)
    (chain,) = bench.traced(
        bench.executed(1, "StandardNormalVariate", snv),
        bench.executed(2, "MinMaxScaler", scaler),
        splitter(3),
        bench.executed(4, "PLSRegression", folds=models),
    )
    assert same(bench.answer(chain, X, tmp_path), mean(models, scaler.transform(snv.transform(X))))


def test_2_targets_that_were_scaled_twice(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    first, second = MinMaxScaler(), StandardScaler()
    y = second.fit_transform(first.fit_transform(fat[:, None])).ravel()
    models = fits(PLSRegression(5), train, y)
    (chain,) = bench.traced(
        bench.executed(1, "MinMaxScaler", first, operator_type="y_processing"),
        bench.executed(2, "StandardScaler", second, operator_type="y_processing"),
        bench.executed(3, "PLSRegression", folds=models),
    )
    undone = first.inverse_transform(second.inverse_transform(mean(models, X)[:, None]))
    assert same(bench.answer(chain, X, tmp_path), undone)


@pytest.mark.parametrize("action", ["add", "extend", "replace"])
def test_5_features_beside_each_other(
    action: str, bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path
) -> None:
    snv, sg = StandardNormalVariate().fit(train), SavitzkyGolay(11, 2, deriv=1).fit(train)

    def features(X: Matrix) -> list[Matrix]:
        return [*([] if action == "replace" else [X]), snv.transform(X), sg.transform(X)]

    scalers = [StandardScaler().fit(block) for block in features(train)]

    def scaled(X: Matrix) -> Matrix:
        return np.hstack([scaler.transform(block) for scaler, block in zip(scalers, features(X), strict=True)])

    models = fits(PLSRegression(5), scaled(train), fat)
    said = {"feature_augmentation": ["a.StandardNormalVariate", {"class": "b.SavitzkyGolay"}], "action": action}
    (chain,) = bench.traced(
        bench.executed(1, "StandardNormalVariate, SavitzkyGolay", snv, sg, operator_config=said),
        bench.executed(2, "StandardScaler", *scalers),
        bench.executed(3, "PLSRegression", folds=models),
    )
    assert same(bench.answer(chain, X, tmp_path), mean(models, scaled(X)))


def test_6_features_in_place_of_the_spectrum(
    bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path
) -> None:
    pca, snv = PCA(5).fit(train), StandardNormalVariate().fit(train)
    second = PCA(3).fit(snv.transform(train))

    def features(X: Matrix) -> Matrix:
        return np.hstack([pca.transform(X), second.transform(snv.transform(X))])

    models = fits(Ridge(0.1), features(train), fat)
    said = {"concat_transform": ["x.PCA", ["x.StandardNormalVariate", "x.PCA"]]}
    (chain,) = bench.traced(
        bench.executed(1, "PCA, SNV, PCA", pca, snv, second, operator_config=said),
        bench.executed(2, "Ridge", folds=models),
    )
    assert same(bench.answer(chain, X, tmp_path), mean(models, features(X)))


def test_7_branches_each_with_its_model(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    snv, msc = StandardNormalVariate().fit(train), MultiplicativeScatterCorrection().fit(train)
    pls = fits(PLSRegression(5), snv.transform(train), fat)
    sg = SavitzkyGolay(11, 2).fit(train)
    ridge = fits(Ridge(1e-3), sg.transform(msc.transform(train)), fat)
    # As engines note them: all under the index of the branch.
    chains = bench.traced(
        bench.executed(2, "StandardNormalVariate", snv, branch_path=[0]),
        bench.executed(2, "PLSRegression", folds=pls, branch_path=[0]),
        bench.executed(2, "MultiplicativeScatterCorrection", msc, branch_path=[1]),
        bench.executed(2, "SavitzkyGolay", sg, branch_path=[1]),
        bench.executed(2, "Ridge", folds=ridge, branch_path=[1]),
    )
    assert same(bench.answer(chains[0], X, tmp_path), mean(pls, snv.transform(X)))
    assert same(bench.answer(chains[1], X, tmp_path), mean(ridge, sg.transform(msc.transform(X))))


def test_7_branches_within_branches(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    snv, pca = StandardNormalVariate().fit(train), PCA(8)
    scores = pca.fit_transform(snv.transform(train))
    plain, reduced = fits(PLSRegression(4), snv.transform(train), fat), fits(Ridge(0.1), scores, fat)
    chains = bench.traced(
        bench.executed(1, "StandardNormalVariate", snv, branch_path=[1]),
        bench.executed(1, "PLSRegression", folds=plain, branch_path=[1, 0]),
        bench.executed(1, "PCA", pca, branch_path=[1, 1]),
        bench.executed(1, "Ridge", folds=reduced, branch_path=[1, 1]),
    )
    assert same(bench.answer(chains[0], X, tmp_path), mean(plain, snv.transform(X)))
    assert same(bench.answer(chains[1], X, tmp_path), mean(reduced, pca.transform(snv.transform(X))))


def test_8_a_stack_of_branches(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    snv = StandardNormalVariate().fit(train)
    pls, ridge = fits(PLSRegression(5), snv.transform(train), fat), fits(Ridge(0.01), train, fat)

    def below(X: Matrix) -> Matrix:
        return np.stack([mean(pls, snv.transform(X)), mean(ridge, X)], axis=1)

    above = Ridge(0.1).fit(below(train), fat)
    chains = bench.traced(
        bench.executed(1, "StandardNormalVariate", snv, branch_path=[0]),
        bench.executed(1, "PLSRegression", folds=pls, branch_path=[0]),
        bench.executed(1, "Ridge", folds=ridge, branch_path=[1]),
        ExecutionStep(2, "merge", "Merge", {"merge": "predictions"}),
        bench.executed(3, "Ridge", folds=[above]),
    )
    assert same(bench.answer(chains[0], X, tmp_path), mean(pls, snv.transform(X)))
    assert same(bench.answer(chains[2], X, tmp_path), above.predict(below(X)))


def test_9_features_of_branches_side_by_side(
    bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path
) -> None:
    snv, first, second = StandardNormalVariate().fit(train), PCA(4), PCA(6).fit(train)
    first.fit(snv.transform(train))

    def merged(X: Matrix) -> Matrix:
        return np.hstack([first.transform(snv.transform(X)), second.transform(X)])

    scaler = StandardScaler().fit(merged(train))
    models = fits(PLSRegression(5), scaler.transform(merged(train)), fat)
    other = fits(PLSRegression(2), first.transform(snv.transform(train)), fat)
    chains = bench.traced(
        ExecutionStep(1, "branch", "Branch", {"branch": [["SNV", "PCA"], ["PCA"]]}),
        bench.executed(1, "StandardNormalVariate", snv, branch_path=[0], substep_index=0),
        bench.executed(1, "PCA", first, branch_path=[0], substep_index=1),
        bench.executed(1, "PLSRegression", folds=other, branch_path=[0]),
        bench.executed(1, "PCA", second, branch_path=[1], substep_index=0),
        ExecutionStep(2, "merge", "Merge", {"merge": "features"}),
        bench.executed(3, "StandardScaler", scaler),
        bench.executed(4, "PLSRegression", folds=models),
    )
    assert same(bench.answer(chains[1], X, tmp_path), mean(models, scaler.transform(merged(X))))
    assert same(bench.answer(chains[0], X, tmp_path), mean(other, first.transform(snv.transform(X))))


def test_11_two_models_in_a_line(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    pls, snv = fits(PLSRegression(5), train, fat), StandardNormalVariate().fit(train)
    ridge = fits(Ridge(0.01), snv.transform(train), fat)
    chains = bench.traced(
        bench.executed(1, "PLSRegression", folds=pls),
        bench.executed(2, "StandardNormalVariate", snv),
        bench.executed(3, "Ridge", folds=ridge),
    )
    assert same(bench.answer(chains[0], X, tmp_path), mean(pls, X))
    assert same(bench.answer(chains[1], X, tmp_path), mean(ridge, snv.transform(X)))


def test_12_a_single_split(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    model = PLSRegression(5).fit(train, fat)
    (chain,) = bench.traced(splitter(1), bench.executed(2, "PLSRegression", folds=[model]))
    assert same(bench.answer(chain, X, tmp_path), model.predict(X))


def test_13_several_sources(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    halves = train[:, :60], train[:, 60:]
    snv = [StandardNormalVariate().fit(half) for half in halves]
    scalers = [MinMaxScaler().fit(one.transform(half)) for one, half in zip(snv, halves, strict=True)]

    def side_by_side(*sources: Matrix) -> Matrix:
        each = zip(snv, scalers, sources, strict=True)
        return np.hstack([scaler.transform(one.transform(source)) for one, scaler, source in each])

    models = fits(PLSRegression(5), side_by_side(*halves), fat)
    steps = [bench.executed(1, "StandardNormalVariate", *snv), bench.executed(2, "MinMaxScaler", *scalers)]
    for step in steps:
        step.artifacts.by_source = {source: [id] for source, id in enumerate(step.artifacts.artifact_ids)}
    (chain,) = bench.traced(*steps, bench.executed(3, "PLSRegression", folds=models))
    expected = mean(models, side_by_side(X[:, :60], X[:, 60:]))
    assert same(bench.answer(chain, X, tmp_path), expected)
    assert bench.answer(chain, [X[:, :60], X[:, 60:]], tmp_path).tobytes() == bench.answer(chain, X, tmp_path).tobytes()


def test_14_a_model_of_models(bench: Bench, train: Matrix, fat: Matrix, X: Matrix, tmp_path: Path) -> None:
    snv = StandardNormalVariate().fit(train)
    pls, ridge = fits(PLSRegression(5), snv.transform(train), fat), fits(Ridge(0.01), snv.transform(train), fat)

    def below(X: Matrix) -> Matrix:
        return np.stack([mean(pls, snv.transform(X)), mean(ridge, snv.transform(X))], axis=1)

    above = fits(Ridge(0.1), below(train), fat)
    chains = bench.traced(
        bench.executed(1, "StandardNormalVariate", snv),
        bench.executed(2, "PLSRegression", folds=pls),
        bench.executed(3, "Ridge", folds=ridge),
        bench.executed(4, "Ridge", folds=above, operator_type="meta_model"),
    )
    assert same(bench.answer(chains[2], X, tmp_path), mean(above, below(X)))
    assert same(bench.answer(chains[1], X, tmp_path), mean(ridge, snv.transform(X)))


def test_14_a_model_of_models_that_are_not_recorded_is_refused(
    bench: Bench, train: Matrix, fat: Matrix, X: Matrix
) -> None:
    (chain,) = bench.traced(bench.executed(4, "MetaModel", folds=[Ridge().fit(train[:, :2], fat)]))
    with pytest.raises(Refused, match="the predictions of models are stacked, and none of these models is recorded"):
        bench.store.replay_chain(chain, X)
