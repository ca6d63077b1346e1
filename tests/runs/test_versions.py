import ctr_env
from ctr_env.runs.versions import versions


def test_versions_name_this_package_and_what_results_depend_on():
    found = versions()
    assert found["ctr-env"] == ctr_env.__version__
    assert {"python", "mujoco", "numpy"} <= found.keys()
    assert "torch" not in found
    assert versions("torch") == {**found, "torch": versions("torch")["torch"]}
