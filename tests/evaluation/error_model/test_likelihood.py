import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from ctr_env.estimators.error_model.network import SmallNetwork
from ctr_env.estimators.error_model.process import ErrorProcess
from ctr_env.evaluation.error_model.fit import fit_process
from ctr_env.evaluation.error_model.likelihood import ProcessLikelihood, batch_of

INPUTS, DIMENSION = 2, 2
MIXING = np.array([[1.0, 0.0], [0.8, 1.0]])
SHARES = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]])
LENGTH = np.array([0.3, 0.1])
SPREADS = np.array([0.8, 0.4])


def true_process():
    """Means 0.5 x0 and 0; log scales -1 + 0.4 x1 and -2."""
    linear = np.zeros((4, INPUTS))
    linear[0, 0], linear[2, 1] = 0.5, 0.4
    network = SmallNetwork(
        np.array([0.0, 0.0, -1.0, -2.0]), linear, np.zeros((4, 1)), np.zeros((1, INPUTS)), np.zeros(1)
    )
    return ErrorProcess(network, MIXING, SHARES, LENGTH, SPREADS)


def drawn(episodes, frames, seed):
    process, rng = true_process(), np.random.default_rng(seed)
    xs, values, paths = [], [], []
    for episode in range(episodes):
        count = frames - episode % 3  # lengths differ
        x, steps = rng.standard_normal((count, INPUTS)), rng.uniform(0.0, 0.1, count)
        state = process.begin(np.random.default_rng([seed, episode]))
        xs.append(x)
        values.append(np.array([state.draw(row, step) for row, step in zip(x, steps, strict=True)]))
        paths.append(np.cumsum(steps))
    return batch_of(xs, values, paths)


def started(batch, alike=False):
    return ProcessLikelihood(batch, 0, 3, np.random.default_rng(0), alike)


def randomised(batch, alike=False):
    process = started(batch, alike)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in process.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return process


@pytest.mark.parametrize("alike", [False, True])
def test_the_density_is_that_of_normal_distributions_averaged_over_the_factors(alike):
    batch = drawn(1, 5, 3)
    process = randomised(batch, alike)
    mean, log_scale = process.network(batch.x)[0].detach().chunk(2, dim=-1)
    batch.values[0] = mean + torch.exp(log_scale) * batch.values[0].sign()  # where densities are not tiny
    x, v, path = (part[0].numpy() for part in (batch.x, batch.values, batch.path))
    arrays = process.arrays()
    grid = np.linspace(-6.0, 6.0, 61)
    normal = np.exp(-0.5 * grid**2) / np.exp(-0.5 * grid**2).sum()
    size, logs = len(x) * DIMENSION, []
    scales = [np.diag(np.exp(log_scale[k].numpy())) @ arrays["mixing"] for k in range(len(x))]
    lags = np.exp(-np.abs(path[:, None] - path)[..., None] / arrays["length"])  # (T, T, D)
    constant, varying, independent = arrays["shares"].T
    rest = varying * lags + independent * np.eye(len(x))[..., None]
    for i, first in enumerate(np.exp(arrays["spreads"][0] * grid)):
        for j, second in enumerate(np.exp(arrays["spreads"][1] * grid)):
            K = first * constant + second * rest
            covariance = np.einsum("iad,ijd,jbd->iajb", scales, K, scales).reshape(size, size)
            density = multivariate_normal(mean.numpy().ravel(), covariance).logpdf(v.ravel())
            logs.append(density + np.log(normal[i] * normal[j]))
    assert float(process(batch)[0].detach()) == pytest.approx(logsumexp(logs), abs=0.02)


def test_padding_changes_no_density():
    batch = drawn(3, 6, 5)
    process = randomised(batch)
    together = process(batch).detach().numpy()
    for i in range(3):
        n = int(batch.there[i].sum())
        alone = batch_of(*([part[i, :n].numpy()] for part in (batch.x, batch.values, batch.path)))
        assert float(process(alone)[0].detach()) == pytest.approx(together[i], rel=1e-9)


def test_gradients_are_those_of_finite_differences():
    batch = drawn(3, 5, 7)
    process = randomised(batch)
    process(batch).sum().backward()
    for name, parameter in process.named_parameters():
        if not parameter.numel():
            continue
        flat, gradient = parameter.data.view(-1), parameter.grad.view(-1)
        for i in {0, len(flat) - 1}:
            kept, step = float(flat[i]), 1e-6
            ends = []
            for sign in (1.0, -1.0):
                flat[i] = kept + sign * step
                ends.append(float(process(batch).sum().detach()))
            flat[i] = kept
            numeric = (ends[0] - ends[1]) / (2.0 * step)
            assert float(gradient[i]) == pytest.approx(numeric, rel=1e-4, abs=1e-4), name


def test_a_fit_recovers_the_parameters_that_errors_were_drawn_with():
    train, validation = drawn(150, 16, 11), drawn(50, 16, 13)
    process = fit_process(train, validation, 0, 1, np.random.default_rng(0))
    arrays = process.arrays()
    np.testing.assert_allclose(arrays["mixing"], MIXING, atol=0.08)
    np.testing.assert_allclose(arrays["shares"], SHARES, atol=0.12)
    np.testing.assert_allclose(np.log(arrays["length"]), np.log(LENGTH), atol=0.5)
    np.testing.assert_allclose(arrays["network.bias"], true_process().network.bias, atol=0.15)
    output = process.network(torch.eye(INPUTS, dtype=torch.float64)).detach().numpy() - arrays["network.bias"]
    np.testing.assert_allclose(output.T, true_process().network.linear, atol=0.15)
    np.testing.assert_allclose(arrays["spreads"], SPREADS, atol=0.25)
    assert float(process(validation).sum().detach()) > float(started(train)(validation).sum().detach())


def test_what_depends_on_the_preset_alone_is_fitted():
    rng, path = np.random.default_rng(3), [np.arange(12.0)] * 60
    x = [np.hstack([rng.standard_normal((12, 1)), np.full((12, 1), 1.0 - 2.0 * (i % 2))]) for i in range(60)]
    values = [rng.normal(rows[:, 1:], 0.3 * np.exp(-rows[:, 1:]), (12, 2)) for rows in x]
    train, validation = batch_of(x, values, path), batch_of(x[:4], values[:4], path[:4])
    process = fit_process(train, validation, 1, 1, rng)
    output = process.network(torch.tensor([[0.0, 1.0], [0.0, -1.0]], dtype=torch.float64)).detach().numpy()
    expected = np.array([[1.0, 1.0, -1.0, -1.0], [-1.0, -1.0, 1.0, 1.0]]) + np.log([1.0, 1.0, 0.3, 0.3])
    np.testing.assert_allclose(output, expected, atol=0.15)
