"""What randomisation changes in the model of a scene, so that it can be restored and handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

__all__ = ["Appearance"]

_FIELDS = (
    *("geom_rgba", "geom_matid", "geom_size", "geom_rbound"),
    *("light_pos", "light_dir", "light_diffuse", "light_ambient", "light_specular", "light_castshadow"),
)


@dataclass(frozen=True)
class Appearance:
    """Colours, materials and sizes of geoms, and lights.

    Attributes:
        fields: Arrays of the MuJoCo model by name.
        headlight: ``(2, 3)`` ambient and diffuse light.
    """

    fields: Mapping[str, NDArray[np.generic]]
    headlight: NDArray[np.float32]

    @classmethod
    def of(cls, model: mujoco.MjModel) -> Appearance:
        """A copy of what a model has now."""
        light = model.vis.headlight
        return cls({name: getattr(model, name).copy() for name in _FIELDS}, np.stack([light.ambient, light.diffuse]))

    def apply(self, model: mujoco.MjModel) -> None:
        """Give it to a model of the same scene."""
        for name, value in self.fields.items():
            getattr(model, name)[:] = value
        model.vis.headlight.ambient[:], model.vis.headlight.diffuse[:] = self.headlight
