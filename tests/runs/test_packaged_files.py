import re

import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.runs.packaged_files import packaged_file, packaged_names


def test_names_are_those_of_the_files_in_order(tmp_path):
    for name in ("b.safetensors", "a.safetensors", "a.onnx"):
        (tmp_path / name).touch()
    assert packaged_names(tmp_path) == ("a", "b")
    assert packaged_file(tmp_path, "b", "", "") == tmp_path / "b.safetensors"


@pytest.mark.parametrize(("files", "listed"), [((), "none"), (("b", "a"), "a, b")])
def test_an_unknown_name_is_reported_with_those_there_are(tmp_path, files, listed):
    for name in files:
        (tmp_path / f"{name}.safetensors").touch()
    message = f"the package has no policy 'c' (it has: {listed}); train one"
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        packaged_file(tmp_path, "c", "policy 'c'", "train one")
