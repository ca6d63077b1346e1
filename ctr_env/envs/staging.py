"""A scene as an episode begins."""

from __future__ import annotations

from ctr_env.scenes.randomization.apply import apply_draws
from ctr_env.scenes.world.scene import Scene

from .episode import Episode

__all__ = ["stage"]


def stage(scene: Scene, episode: Episode) -> None:
    """Set a scene, whatever its state, to the beginning of an episode."""
    scene.restore()
    scene.place_arm(episode.start)
    scene.place_camera(episode.camera, episode.world_T_camera(0.0))
    apply_draws(scene, episode.draws)
    scene.place_target(episode.base_T_goal(0.0))
