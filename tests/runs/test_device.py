import logging
from types import SimpleNamespace

import pytest
import torch

from ctr_env.errors import ConfigurationError
from ctr_env.runs import device as module
from ctr_env.runs.device import native_dtype, require_device, resolve_device


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "Test GPU")
    module._chosen.cache_clear()
    yield
    module._chosen.cache_clear()


def test_cpu_is_cpu_even_where_there_are_gpus(two_gpus):
    assert resolve_device("cpu") == torch.device("cpu")


def test_a_gpu_is_never_chosen_silently(two_gpus, caplog):
    with caplog.at_level(logging.WARNING):
        assert resolve_device("auto") == torch.device("cuda:0")
        assert resolve_device("auto") == torch.device("cuda:0")
    assert [record.getMessage() for record in caplog.records] == [
        "device auto: cuda:0 (Test GPU); device cpu avoids it"
    ]


def test_devices_that_do_not_exist_are_rejected(two_gpus):
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ConfigurationError, match="no device 'cuda:2'.*finds 2 CUDA devices"):
        resolve_device("cuda:2")
    with pytest.raises(ConfigurationError, match="unknown device 'gpu'; valid names: auto, cpu, cuda, cuda:N"):
        resolve_device("gpu")


def test_without_a_gpu_auto_is_the_cpu_and_cuda_is_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    module._chosen.cache_clear()
    assert resolve_device("auto") == torch.device("cpu")
    with pytest.raises(ConfigurationError, match="no device 'cuda'"):
        resolve_device("cuda")


def test_configurations_check_the_form_of_the_name():
    for name in ("auto", "cpu", "cuda", "cuda:3"):
        require_device(SimpleNamespace(device=name))
    for name in ("gpu", "cuda:", "cuda:x", "", None):
        with pytest.raises(ConfigurationError, match="device must be auto, cpu, cuda or cuda:N"):
            require_device(SimpleNamespace(device=name))


def test_gpus_train_in_bfloat16():
    assert native_dtype(torch.device("cuda:0")) is torch.bfloat16
