import math

import pytest
import torch

from ctr_env.learning.schedule import progress_schedule, warm_up_then_cosine


def test_the_learning_rate_rises_then_falls_to_zero():
    at = {p: warm_up_then_cosine(p, 0.1, 0.02) for p in (0.0, 0.05, 0.1, 0.55, 1.0)}
    assert at == pytest.approx({0.0: 0.02, 0.05: 0.5, 0.1: 1.0, 0.55: 0.5, 1.0: 0.0}, abs=1e-12)


def test_the_scheduler_follows_the_progress_and_not_its_own_counter():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=3.0)
    progress = 0.0
    scheduler = progress_schedule(optimizer, lambda: progress, 0.1, 0.02)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.06)
    for progress in (0.1, 0.55, 0.55):  # noqa: B007 - read by the schedule
        optimizer.step()
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1.5)


def test_a_restored_optimiser_gets_the_learning_rate_of_its_progress():
    parameter = torch.zeros(1, requires_grad=True)
    first = torch.optim.SGD([parameter], lr=2.0)
    progress_schedule(first, lambda: 0.7, 0.1, 0.02)
    second = torch.optim.SGD([parameter], lr=2.0)
    second.load_state_dict(first.state_dict())
    progress_schedule(second, lambda: 0.4, 0.1, 0.02)
    assert second.param_groups[0]["lr"] == pytest.approx(2.0 * 0.5 * (1.0 + math.cos(math.pi * 0.3 / 0.9)))
