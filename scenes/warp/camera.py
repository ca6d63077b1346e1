"""The cameras of many worlds: MuJoCo Warp's batch renderer, a ray caster."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .dependencies import load_warp
from .simulation import WarpSimulation

__all__ = ["WarpCamera"]


class WarpCamera:
    """Renders the camera of every world into tensors on the device.

    Geometry is that of the ordinary renderer, pixel for pixel but for edges; textures of solids are mapped otherwise,
    and there is no anti-aliasing, as there is none in the ordinary environments' observations.
    """

    def __init__(self, simulation: WarpSimulation, width: int, height: int) -> None:
        """Render a simulation.

        Args:
            simulation: The worlds.
            width: Image width, pixels.
            height: Image height, pixels.
        """
        self._wp, self._mjw = load_warp()
        self._simulation = simulation
        self._shape = simulation.num_worlds, height, width
        scene = simulation.scene
        self._robot_geoms = torch.from_numpy(scene.robot_geoms).to(simulation.device)
        headlight = scene.model.vis.headlight
        ambient = headlight.ambient.copy()
        headlight.ambient[:] = 0.0  # see WorldState.of
        with simulation.scope():
            self._context: Any = self._mjw.create_render_context(
                scene.model,
                nworld=simulation.num_worlds,
                cam_res=(width, height),
                cam_active=[scene.camera_id],
                render_rgb=True,
                render_depth=True,
                render_seg=True,
                use_shadows=True,
                use_precomputed_rays=False,  # each world has its own intrinsics
                render_skybox=True,
                enabled_geom_groups=[0, 1, 2],
            )
        headlight.ambient[:] = ambient

    def render(self) -> None:
        """Draw the worlds as they are; the other methods return parts of these images."""
        with self._simulation.scope():
            self._mjw.refit_bvh(self._simulation.model, self._simulation.data, self._context)
            self._mjw.render(self._simulation.model, self._simulation.data, self._context)

    def rgb(self) -> Tensor:
        """``(N, H, W, 3)`` uint8 images."""
        packed = self._buffer(self._context.rgb_data)  # bytes blue, green, red, alpha
        return packed.view(torch.uint8).view(*self._shape, 4)[..., [2, 1, 0]]

    def depth(self) -> Tensor:
        """``(N, H, W)`` float32 distances along the optical axis, metres; 0 for background."""
        return self._buffer(self._context.depth_data).view(self._shape).clone()

    def segmentation(self) -> Tensor:
        """``(N, H, W)`` int32 index of the geom at each pixel, -1 for none."""
        return self._buffer(self._context.seg_data).view(*self._shape, 2)[..., 0].clone()

    def robot_mask(self) -> Tensor:
        """``(N, H, W)`` bool true robot pixels."""
        geoms = self.segmentation().long()
        return self._robot_geoms[geoms.clamp(min=0)] & (geoms >= 0)

    def _buffer(self, array: Any) -> Tensor:
        return self._simulation.tensor(array)
