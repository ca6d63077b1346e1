import socket

import pytest

import ctr_env
from ctr_env.errors import WorkerError
from ctr_env.runs.versions import optional_versions, require_versions, versions


def test_versions_name_this_package_and_what_results_depend_on():
    found = versions()
    assert found["ctr-env"] == ctr_env.__version__
    assert {"python", "mujoco", "numpy"} <= found.keys()
    assert "torch" not in found
    assert versions("torch") == {**found, "torch": versions("torch")["torch"]}


def test_optional_packages_are_named_where_they_are_installed():
    assert optional_versions("numpy", "no-such-package") == {"numpy": versions()["numpy"]}


def test_a_process_with_other_versions_is_named():
    here = versions("torch")
    require_versions(here)
    for name, other in (("numpy", "0.1"), ("ctr-env", "0.0.0"), ("python", "3.1.0"), ("no-such-package", "1.0")):
        wrong = f"{socket.gethostname()} has {name} {here.get(name)}, the run was begun with {other}: results would"
        with pytest.raises(WorkerError, match=wrong):
            require_versions(here | {name: other})
