import pytest
import torch
from torch import nn

from ctr_env.errors import TrainingError
from ctr_env.learning.averaging import averaged_model
from ctr_env.learning.optimisation import LocalBackend, Optimisation


class Reduced(LocalBackend):
    """A backend whose other process reports a result of its own."""

    def __init__(self, other):
        self.other = other

    def all_reduce(self, data, *, reduce_op):
        assert reduce_op == "min"
        return torch.minimum(data, torch.tensor(self.other))


def make(backend=None, **how):
    torch.manual_seed(0)
    network = nn.Linear(3, 1)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1)
    optimisation = Optimisation(network, optimizer, averaged_model(network, 0.5), backend or LocalBackend(), **how)
    optimisation.schedule(optimizer, lambda: 0.5, 0.1, 0.02)
    return optimisation


def parts(optimisation, scale=1.0):
    fit = (optimisation.network(torch.ones(2, 3)) * scale - 1.0).square().mean()
    return {"loss": fit, "fit": fit}


def copied(optimisation):
    state = optimisation.state_dict()
    return [value.clone() for group in ("network", "average") for value in state[group].values()]


def test_steps_lower_the_loss_and_move_the_average():
    optimisation = make()
    before = copied(optimisation)
    losses = [optimisation.step(n, parts(optimisation))["loss"] for n in range(1, 30)]
    assert losses[-1] < 0.1 * losses[0]
    assert not any(torch.equal(a, b) for a, b in zip(before, copied(optimisation), strict=True))


def test_long_gradients_are_scaled_down():
    optimisation = make()
    optimisation.step(1, parts(optimisation, 1e6))
    norm = torch.stack([p.grad.norm() for p in optimisation.network.parameters()]).norm()
    assert float(norm) == pytest.approx(5.0, rel=1e-3)


@pytest.mark.parametrize(
    "scale, message", [(float("nan"), "part fit of the loss is nan"), (1e25, "part fit of the loss is inf")]
)
def test_a_loss_that_is_not_finite_never_reaches_weights_or_average(scale, message):
    optimisation = make()
    optimisation.step(1, parts(optimisation))
    before = copied(optimisation)
    with pytest.raises(TrainingError, match=f"step 2: .*{message}.*checkpoint is intact"):
        optimisation.step(2, parts(optimisation, scale))
    assert all(torch.equal(a, b) for a, b in zip(before, copied(optimisation), strict=True))


def test_a_gradient_that_is_not_finite_never_reaches_weights_or_average():
    optimisation = make()
    before = copied(optimisation)
    loss = torch.sqrt(optimisation.network(torch.zeros(1, 3)) * 0.0).sum()  # 0, with an infinite slope
    with pytest.raises(TrainingError, match=r"step 7: the norm of the gradient is nan \(loss 0\)"):
        optimisation.step(7, {"loss": loss})
    assert all(torch.equal(a, b) for a, b in zip(before, copied(optimisation), strict=True))


def test_all_processes_stop_where_one_of_them_diverges():
    optimisation = make(Reduced(0.0))
    with pytest.raises(TrainingError, match="step 3: in another process"):
        optimisation.step(3, parts(optimisation))
    with pytest.raises(TrainingError, match="step 3: part fit"):
        (other := make(Reduced(1.0))).step(3, parts(other, float("nan")))


def test_an_overflow_is_left_to_a_backend_that_skips_it():
    optimisation = make(skips_overflow=True)
    loss = torch.sqrt(optimisation.network(torch.zeros(1, 3)) * 0.0).sum()
    assert optimisation.step(1, {"loss": loss})["loss"] == 0.0


def test_a_restored_optimisation_continues_like_an_uninterrupted_one():
    whole, cut = make(), make()
    for n in range(1, 4):
        whole.step(n, parts(whole))
        cut.step(n, parts(cut))
    resumed = make()
    resumed.load_state_dict(cut.state_dict())
    whole.step(4, parts(whole))
    resumed.step(4, parts(resumed))
    assert all(torch.equal(a, b) for a, b in zip(copied(whole), copied(resumed), strict=True))
