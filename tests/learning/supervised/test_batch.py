import numpy as np
import torch

from ctr_env.estimators.ctrnet.weights import WeightsHeader
from ctr_env.learning.supervised.augmentation import Example
from ctr_env.learning.supervised.batch import collate, example_tensors, network_inputs

HEADER = WeightsHeader(architecture="compact", robot="panda", keypoints=(("a", 0.0, 0.0, 0.0),), input_size=(8, 4))


def example(grey):
    image = np.full((4, 8, 3), grey, np.uint8)
    image[..., 0] = 255
    return Example(
        image, np.full((4, 8, 3), 51, np.uint8), np.full((4, 8), 102, np.uint8), np.zeros((1, 2), np.float32),
        np.ones(1, bool), np.zeros(1, bool), np.ones((1, 3), np.float32), np.zeros((2, 3), np.float32),
    )  # fmt: skip


def test_batches_keep_the_examples_in_order():
    batch = collate([example_tensors(example(grey)) for grey in (10, 20, 30)])
    assert batch.images.shape == (3, 3, 4, 8) and batch.images.dtype == torch.uint8
    assert batch.images[:, 1, 0, 0].tolist() == [10, 20, 30]
    assert batch.masks.shape == (3, 1, 4, 8) and torch.all(batch.masks == 0.4)
    assert batch.rows(slice(1, None)).images[:, 2, 1, 1].tolist() == [20, 30]


def test_inputs_are_normalised_by_the_header():
    batch = collate([example_tensors(example(0))])
    images, priors = network_inputs(batch, HEADER)
    torch.testing.assert_close(images[0, 0, 0, 0], torch.tensor((1.0 - 0.485) / 0.229))
    torch.testing.assert_close(images[0, 2, 0, 0], torch.tensor(-0.406 / 0.225))
    assert torch.all(priors == 0.2)
    assert images.is_contiguous(memory_format=torch.channels_last)
