"""The path of one image: crop, detect, solve PnP, align contour, score, accept or retry.

Inference is coarse-to-fine. A coarse pass over the whole image is followed by refined passes: a crop around the robot
with the current pose rendered as an extra input channel. When tracking, the previous pose replaces the coarse pass.
Hypotheses with a low contour inlier ratio are re-initialised by further passes, at last from pose templates (see
:mod:`.passes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .contour_alignment import align_contours
from .detector import Detector, detect
from .hypothesis import PoseHypothesis
from .passes import Schedule, TemplateSearch, template_passes
from .pose_templates import pose_templates
from .robot_model import RobotModel, RobotView
from .scoring import accept, best_supported
from .solving import solve

__all__ = ["Pipeline"]


@dataclass(frozen=True)
class Pipeline:
    """Applies a schedule of inference passes to images.

    Attributes:
        detector: The network.
        model: The robot in the images.
        min_confidence: Least confidence of a keypoint that enters PnP.
        n_keypoints: Number of leading keypoints that may enter PnP; ``None``: all.
    """

    detector: Detector
    model: RobotModel
    min_confidence: float
    n_keypoints: int | None = None

    def run(self, views: Sequence[RobotView], passes: Schedule) -> list[PoseHypothesis]:
        """The best hypothesis for each of N images.

        Args:
            views: The images; those of one pass go through the network together.
            passes: The schedule.
        """
        best: list[PoseHypothesis | None] = [None] * len(views)
        recent: dict[int, PoseHypothesis] = {}
        constants = self.detector.uncertainty
        for step in passes:
            if isinstance(step, TemplateSearch):
                for i, doubtful in step.starts(best).items():
                    best[i] = self._from_templates(views[i], doubtful, step.count)
                continue
            starts = step.starts(best, recent)
            proposals = [(i, p) for i, start in starts.items() for p in step.crop(views[i], start, self.input_size)]
            detected = detect(self.detector, views, proposals, self.min_confidence, self.n_keypoints)
            recent = solve(views, detected)
            if step.align:
                recent = align_contours(views, recent, starts, step.retry, constants.keypoint_information)
            best = accept(best, recent, step.retry, constants.sure_inlier_ratio)
        return [hypothesis for hypothesis in best if hypothesis is not None]

    def _from_templates(self, view: RobotView, hypothesis: PoseHypothesis, count: int) -> PoseHypothesis:
        """The best of a hypothesis and of those that start from pose templates."""
        poses = pose_templates(view, hypothesis, count)
        if not poses:
            return hypothesis
        found = self.run([view] * len(poses), template_passes(poses))
        return best_supported(view, [hypothesis, *(replace(each, coarse=hypothesis.coarse) for each in found)])

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the network's full input, pixels."""
        return self.detector.input_size
