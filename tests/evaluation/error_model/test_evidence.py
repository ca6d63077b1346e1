import numpy as np
import pytest
from scipy.stats import chi2

from ctr_env.errors import DataError
from ctr_env.estimators.error_model.model import load_error_model, save_error_model
from ctr_env.evaluation.error_model.evidence import held_out_evidence, summary_of_evidence
from ctr_env.evaluation.error_model.fit import fit_error_model
from ctr_env.evaluation.error_model.plots import plot_quantiles

SYSTEMATIC = (0.001, 0.001)


@pytest.fixture(scope="module")
def records(record):
    def some(first, count):
        return [record(first + i, invalid=(2,) if i % 3 == 0 else (), preset="mild") for i in range(count)]

    return {"train": some(0, 24), "validation": some(100, 8), "test": some(200, 24)}


@pytest.fixture(scope="module")
def fitted(records, tmp_path_factory):
    file = tmp_path_factory.mktemp("fit") / "model.safetensors"
    save_error_model(file, fit_error_model(records, "panda", SYSTEMATIC, {"made": "by a test"}))
    return file


@pytest.fixture(scope="module")
def evidence(records, fitted):
    return held_out_evidence(str(fitted), records["test"], "panda", replays=5)


def test_a_fit_has_the_header_of_its_records(fitted):
    header = load_error_model(fitted).header
    assert (header.robot, header.presets, header.reasons) == ("panda", ("mild",), {"uncertain": 1.0})
    assert (header.systematic_m, header.systematic_rad) == SYSTEMATIC
    assert header.recipe == {"made": "by a test"}


def test_the_part_of_the_errors_that_is_constant_in_an_episode_is_found(fitted):
    constant, varying, independent = load_error_model(fitted).process("errors").shares.mean(axis=0)
    assert independent == pytest.approx(0.36, abs=0.12)
    assert constant + varying == pytest.approx(0.64, abs=0.12)


def test_the_model_of_the_very_process_passes_its_own_test(evidence):
    summary = summary_of_evidence(evidence)
    assert summary["episodes"] == 24 and summary["replays"] == 5
    nees = summary["marginal"]["nees"]
    assert nees["50"]["model"] == pytest.approx(chi2(6).median(), rel=0.2)
    assert nees["90"]["model"] == pytest.approx(chi2(6).ppf(0.9), rel=0.25)
    valid = summary["valid_share"]["mild"]
    assert valid["model"] == pytest.approx(valid["real"], abs=0.05)
    assert summary["energy_distance"]["p"] > 0.02
    assert summary["autocorrelation"][-1]["real"] == pytest.approx(summary["autocorrelation"][-1]["model"], abs=0.25)


def test_a_model_of_other_errors_fails_it(evidence):
    real, models = evidence
    for model in models:
        for episode in model:
            episode.error[:] *= 4.0
            episode.nees[:] *= 16.0
    summary = summary_of_evidence((real, models))
    assert not summary["marginal"]["nees"]["50"]["inside"]
    assert summary["energy_distance"]["p"] < 0.02
    for model in models:
        for episode in model:
            episode.error[:] /= 4.0
            episode.nees[:] /= 16.0


def test_quantiles_are_plotted(evidence, tmp_path):
    plot_quantiles(evidence, tmp_path / "q.png", "test")
    assert (tmp_path / "q.png").stat().st_size > 10_000


def test_too_few_episodes_are_named(records):
    with pytest.raises(DataError, match="2 recorded episodes of the split train have valid estimates; a fit needs 4"):
        fit_error_model({**records, "train": records["train"][:2]}, "panda", SYSTEMATIC, {})


def test_a_fit_is_repeated_exactly(records):
    few = {"train": records["train"][:6], "validation": records["validation"][:2]}
    one, two = (fit_error_model(few, "panda", SYSTEMATIC, {}, seed=3) for _ in range(2))
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, two.arrays[name])
