import pytest

TINY = "default: {n_envs: 1, n_steps: 32, batch_size: 32, n_epochs: 1, policy_kwargs: {net_arch: [8]}}"


@pytest.fixture
def tiny(tmp_path):
    """A file of hyperparameters with which a training takes a second."""
    file = tmp_path / "tiny.yml"
    file.write_text(TINY)
    return str(file)
