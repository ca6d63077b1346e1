"""From a state and a task to a plan: the solver, started from the last plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import crocoddyl
import numpy as np
from numpy.typing import NDArray

from ctr_env.scenes.robots.kinematics import RobotKinematics

from ..joint_limits import JointLimiter
from ..motion import NoMotionError
from .config import MPCConfig
from .plan import Plan, rollout, time_grid
from .problem import HorizonProblem, Task

__all__ = ["Planner"]

_CONVERGED = 1e-12
"""Squared gradient of the objective at which the solver stops before its last iteration."""
_LEAST_REGULARIZATION, _MOST_REGULARIZATION = 1e-9, 1e-2
"""Bounds of the solver's regularisation, which goes on from one command to the next."""


class Planner:
    """Solves the problem of every command by a few iterations (control-limited differential dynamic programming).

    C. Mastalli et al., "Crocoddyl: An Efficient and Versatile Framework for Multi-Contact Optimal Control", ICRA 2020;
    bounds by Y. Tassa, N. Mansard, E. Todorov, "Control-Limited Differential Dynamic Programming", ICRA 2014. The few
    iterations start from the last plan, moved on in time: a real-time iteration (M. Diehl et al., 2005).

    Copies and pickles contain the last plan, but no object of crocoddyl: they are set up anew.
    """

    def __init__(self, kinematics: RobotKinematics, config: MPCConfig, limiter: JointLimiter) -> None:
        """Plan for an arm under its limits."""
        self._arguments = (kinematics, config, limiter)
        self._config = config
        self._limiter = limiter
        self.problem = HorizonProblem(kinematics, config, limiter)
        self._plan: Plan | None = None
        self._regularization = _LEAST_REGULARIZATION

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the arguments and the last plan."""
        return type(self), self._arguments, {"_plan": self._plan, "_regularization": self._regularization}

    @property
    def plan(self) -> Plan | None:
        """The last plan; ``None`` before the first."""
        return self._plan

    def reset(self) -> None:
        """Forget the last plan."""
        self._plan = None

    def solve(self, q: NDArray[np.float64], v: NDArray[np.float64], time_s: float, period: float, task: Task) -> Plan:
        """A plan from a state.

        Args:
            q: ``(n,)`` joint positions, rad.
            v: ``(n,)`` joint velocities, rad/s.
            time_s: Time now, seconds.
            period: Time for which the first command acts, seconds.
            task: What the motion is to achieve.

        Raises:
            NoMotionError: If the solver finds none (reason ``"no_plan"``).
        """
        c = self._config
        times = time_grid(time_s, period, c.horizon_s, c.nodes)
        steps = np.diff(times)
        start, iterations = self._start(times, q, v)
        states = rollout(q, v, start, steps)
        self.problem.update(q, v, steps, task)
        solver = self._make_solver()
        try:
            with np.errstate(all="ignore"):  # trial steps may diverge; they are rejected
                solver.solve(list(states), list(start), iterations, True, self._regularization)
        except RuntimeError as error:
            self.reset()
            raise NoMotionError("no_plan") from error
        self._plan = self._within_limits(self._read(solver, times))
        return self._plan

    def _start(
        self, times: NDArray[np.float64], q: NDArray[np.float64], v: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], int]:
        """Accelerations to start from: those of the last plan, or braking; and the number of iterations."""
        last = self._plan
        if last is not None and last.times_s[0] < times[0] < last.times_s[-1]:
            return last.continued(times, q, v, self._limiter), self._config.iterations
        none = np.zeros((len(times), len(v)))
        self._regularization = _LEAST_REGULARIZATION
        return Plan(times, none, none, none[1:]).continued(times, q, v, self._limiter), self._config.first_iterations

    def _make_solver(self) -> Any:
        """A new solver for every command, as a used one starts from its past and results would not repeat."""
        solver = crocoddyl.SolverBoxFDDP(self.problem.shooting)
        solver.th_stop = _CONVERGED
        return solver

    def _read(self, solver: Any, times: NDArray[np.float64]) -> Plan:
        states, accelerations = np.array(solver.xs), np.array(solver.us)
        if not (np.isfinite(states).all() and np.isfinite(accelerations).all()):
            self.reset()
            raise NoMotionError("no_plan")
        self._regularization = min(max(float(solver.preg), _LEAST_REGULARIZATION), _MOST_REGULARIZATION)
        n = accelerations.shape[1]
        return Plan(times, states[:, :n], states[:, n:], accelerations, float(solver.cost))

    def _within_limits(self, plan: Plan) -> Plan:
        """The nearest motion that the joints can make: barriers give way a little, commands may not."""
        q, v = plan.positions[0], plan.velocities[0]
        accelerations = plan.continued(plan.times_s, q, v, self._limiter)
        states, n = rollout(q, v, accelerations, np.diff(plan.times_s)), len(q)
        return replace(plan, positions=states[:, :n], velocities=states[:, n:], accelerations=accelerations)
