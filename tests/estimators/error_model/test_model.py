from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save_file

from ctr_env.errors import ConfigurationError, DataError, MissingFileError
from ctr_env.estimators.error_model.model import ErrorModel, load_error_model, save_error_model


def test_a_file_holds_the_model(tmp_path, known_model):
    model = known_model()
    path = tmp_path / "model.safetensors"
    save_error_model(path, model)
    read = load_error_model(path)
    assert read.header == model.header
    assert read.arrays.keys() == model.arrays.keys()
    for name, array in model.arrays.items():
        np.testing.assert_array_equal(read.arrays[name], array.astype(np.float32))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"rejected": None}, "lacks array 'rejected'"),
        ({"bend": np.zeros(2)}, "unknown array 'bend'"),
        ({"errors.shares": np.zeros((6, 2))}, r"'errors.shares' has shape \(6, 2\), not \(6, 3\)"),
        ({"gripper_gain": np.full((6, 6), np.nan)}, "'gripper_gain' is not finite"),
        ({"validity.linear": np.zeros((1, 5))}, "'validity.linear' has shape"),
    ],
)
def test_arrays_that_are_no_model_are_named(change, message, known_model):
    model = known_model()
    arrays = {name: array for name, array in {**model.arrays, **change}.items() if array is not None}
    with pytest.raises(DataError, match=message):
        ErrorModel(model.header, arrays)


def test_files_that_are_no_model_are_rejected(tmp_path):
    with pytest.raises(MissingFileError, match="no error model .*none.safetensors"):
        load_error_model(tmp_path / "none.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no model")
    with pytest.raises(DataError, match="is not a safetensors file"):
        load_error_model(broken)
    other = tmp_path / "other.safetensors"
    save_file({"a": np.zeros(1)}, other, metadata={"format": "np"})
    with pytest.raises(DataError, match=r"has no header 'ctr_env/error_model@2' \(its metadata: format\)"):
        load_error_model(other)
    save_file({"a": np.zeros(1)}, other, metadata={"ctr_env/error_model@2": '{"robot": "panda"}'})
    with pytest.raises(DataError, match="the header has the fields robot; needed: joints"):
        load_error_model(other)


def test_the_presets_of_a_model(known_model):
    model = known_model()
    assert model.recorded_preset("strong") == "strong"
    assert model.recorded_preset("none") == "mild"
    with pytest.raises(ConfigurationError, match="under the presets mild, strong, not 'workshop'"):
        model.recorded_preset("workshop")


def test_features_far_from_the_recorded_ones_are_clipped(known_model):
    model = known_model()
    view = type("View", (), {"features": np.full(len(model.arrays["feature_mean"]) - 2, 1e6)})
    x = model.standardised(view, "strong")
    np.testing.assert_array_equal(x[:-2], 3.0)
    np.testing.assert_array_equal(x[-2:], [0.0, 1.0])


def test_a_header_with_another_number_of_joints_does_not_fit(known_model):
    model = known_model()
    with pytest.raises(DataError, match="has shape"):
        ErrorModel(replace(model.header, joints=6), model.arrays)
