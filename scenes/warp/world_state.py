"""What distinguishes the worlds of a batch: state, camera, and the randomised fields of the model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.world.scene import Scene

__all__ = ["DATA_FIELDS", "MODEL_FIELDS", "WorldState"]

MODEL_FIELDS = (
    "cam_pos",
    "cam_quat",
    "cam_intrinsic",
    "geom_matid",
    "geom_rgba",
    "geom_size",
    "light_ambient",
    "light_castshadow",
    "light_diffuse",
    "light_dir",
    "light_pos",
    "light_specular",
)
"""Fields of the model that each world has its own values of: all that a camera and randomisation change."""
DATA_FIELDS = ("qpos", "qvel", "ctrl", "qacc_warmstart", "mocap_pos", "mocap_quat")
"""Fields of the state that begin an episode."""


class WorldState(NamedTuple):
    """One world, as a host scene is set."""

    model: dict[str, NDArray]
    """Copies of :data:`MODEL_FIELDS`."""
    data: dict[str, NDArray]
    """Copies of :data:`DATA_FIELDS`."""

    @classmethod
    def of(cls, scene: Scene) -> WorldState:
        """The world that a scene is now.

        The batch renderer has one headlight for all worlds; its ambient light, which randomisation changes, becomes
        that of the first light instead, with the same result.
        """
        model = {name: np.array(getattr(scene.model, name)) for name in MODEL_FIELDS}
        model["light_ambient"][0] += scene.model.vis.headlight.ambient
        return cls(model, {name: np.array(getattr(scene.data, name)) for name in DATA_FIELDS})
