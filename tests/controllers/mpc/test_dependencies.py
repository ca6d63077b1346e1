"""Missing and unfitting packages are named before they crash."""

from __future__ import annotations

import subprocess
import sys

import pinocchio
import pytest

from ctr_env.controllers.mpc import dependencies
from ctr_env.controllers.mpc.dependencies import require_crocoddyl
from ctr_env.errors import MissingDependencyError


def test_the_installed_packages_fit():
    require_crocoddyl()


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "crocoddyl", None)
    with pytest.raises(MissingDependencyError, match=r"needs crocoddyl: pip install 'ctr-env\[mpc\]'"):
        require_crocoddyl()


@pytest.fixture
def newer_pinocchio(monkeypatch):
    monkeypatch.setattr(pinocchio, "__version__", "4.1.0")
    return monkeypatch


def test_wheels_that_do_not_fit_are_rejected_rather_than_crash(newer_pinocchio):
    newer_pinocchio.setattr(dependencies, "_from_wheels", lambda: True)
    with pytest.raises(MissingDependencyError, match=r"compiled against pinocchio 4\.0 and crashes with 4\.1\.0"):
        require_crocoddyl()


def test_a_distribution_that_compiles_both_together_is_trusted(newer_pinocchio):
    newer_pinocchio.setattr(dependencies, "_from_wheels", lambda: False)
    require_crocoddyl()


def test_importing_controllers_does_not_import_them():
    code = (
        "import sys; import ctr_env.controllers, ctr_env.controllers.mpc; "
        "print({'crocoddyl', 'pinocchio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
