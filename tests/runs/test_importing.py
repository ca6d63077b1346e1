import sys

import pytest

from ctr_env.errors import ConfigurationError
from ctr_env.runs.importing import find_modules, import_factory, module_hash, names_factory


def test_a_factory_is_imported_by_name():
    assert import_factory("collections:Counter")("aab")["a"] == 2
    assert names_factory("a:b")
    assert not names_factory("pbvs")
    assert not names_factory(object())


@pytest.mark.parametrize(
    "name, message",
    [
        ("no_such_module:make", "there is no module 'no_such_module' in the folder of the study"),
        ("collections:Countess", "the module 'collections' has no function or class 'Countess'"),
        (":make", "must have the form 'module:factory'"),
        ("collections:", "has no function or class ''"),
    ],
)
def test_what_cannot_be_imported_is_named(name, message):
    with pytest.raises(ConfigurationError, match=message):
        import_factory(name)


def test_what_a_module_lacks_itself_is_not_hidden(tmp_path, monkeypatch):
    (tmp_path / "lacking_module.py").write_text("import a_package_that_is_not_installed\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="a_package_that_is_not_installed"):
        import_factory("lacking_module:make")


def test_an_edited_module_has_another_hash(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "edited_module.py"
    file.write_text("one = 1\n")
    before = module_hash("edited_module")
    assert len(before) == 64 and module_hash("edited_module") == before
    file.write_text("one = 2\n")
    assert module_hash("edited_module") != before


@pytest.mark.parametrize("name", ["no_such_module", "no_such_module.inner", "sys", ""])
def test_what_has_no_file_has_no_hash(name):
    assert module_hash(name) == ""


def test_modules_of_further_folders_are_found_once_all_others_are(tmp_path, monkeypatch):
    """A user's module hides none that the process has."""
    (tmp_path / "only_here.py").write_text("make = dict\n")
    (tmp_path / "json.py").write_text("raise AssertionError\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    for _ in range(2):
        assert find_modules((str(tmp_path),)) == (str(tmp_path),)
    assert sys.path.count(str(tmp_path)) == 1
    assert import_factory("only_here:make") is dict
    monkeypatch.delitem(sys.modules, "json")
    assert import_factory("json:loads")("1") == 1
