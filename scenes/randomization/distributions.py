"""Probability distributions of randomised quantities, and their plain-data form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError

__all__ = ["Choice", "Constant", "Distribution", "LogUniform", "Normal", "Uniform", "distribution_from_data"]

Value = float | tuple[float, ...]

_FORMS = (
    "give a number, a list, or one of {'constant': x}, {'uniform': [low, high]}, {'log_uniform': [low, high]}, "
    "{'normal': [mean, std]}, {'choice': [x, ...]}"
)


class Distribution(ABC):
    """A distribution of arrays. Parameters are numbers, or tuples that broadcast against the drawn shape.

    Attributes:
        random: Whether a draw needs random numbers.
    """

    random: ClassVar[bool] = True

    @abstractmethod
    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Draw an array of this shape."""


@dataclass(frozen=True)
class Constant(Distribution):
    """A constant."""

    random: ClassVar[bool] = False
    value: Value

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the value, broadcast to the shape."""
        values = np.empty(shape)
        values[...] = self.value
        return values


@dataclass(frozen=True)
class Uniform(Distribution):
    """Uniform between two bounds."""

    low: Value
    high: Value

    def __post_init__(self) -> None:
        """Check the order of the bounds."""
        if np.any(np.asarray(self.low) > np.asarray(self.high)):
            raise ConfigurationError(f"uniform bounds are crossed: low {self.low}, high {self.high}")

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Draw uniformly."""
        return np.asarray(rng.uniform(self.low, self.high, shape), dtype=float)


@dataclass(frozen=True)
class LogUniform(Distribution):
    """Uniform in the logarithm, between two positive bounds."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Check that the bounds are positive and in order."""
        if not 0.0 < self.low <= self.high:
            raise ConfigurationError(f"log_uniform needs 0 < low <= high, not low {self.low}, high {self.high}")

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Draw uniformly in the logarithm."""
        return np.asarray(np.exp(rng.uniform(np.log(self.low), np.log(self.high), shape)), dtype=float)


@dataclass(frozen=True)
class Normal(Distribution):
    """Normal, clipped to three standard deviations."""

    mean: float
    std: float

    def __post_init__(self) -> None:
        """Check that the standard deviation is not negative."""
        if self.std < 0.0:
            raise ConfigurationError(f"normal needs std >= 0, not {self.std}")

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Draw from the normal distribution."""
        return self.mean + self.std * np.clip(rng.standard_normal(shape), -3.0, 3.0)


@dataclass(frozen=True)
class Choice(Distribution):
    """One of several values with equal probability."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check that there is a value."""
        if not self.values:
            raise ConfigurationError("choice needs at least one value")

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Draw values with replacement."""
        return np.asarray(rng.choice(np.asarray(self.values, dtype=float), shape), dtype=float)


def distribution_from_data(data: Any) -> Distribution:
    """A distribution from its plain-data form.

    Args:
        data: A distribution; a number or a list (constant); or a mapping with one of the keys ``constant``, ``uniform``
            (``[low, high]``), ``log_uniform`` (``[low, high]``), ``normal`` (``[mean, std]``), ``choice`` (list).

    Raises:
        ConfigurationError: If the data have none of these forms.
    """
    if isinstance(data, Distribution):
        return data
    if isinstance(data, bool | int | float):
        return Constant(float(data))
    if isinstance(data, list | tuple | np.ndarray):
        return Constant(_value(data))
    if isinstance(data, Mapping) and len(data) == 1:
        ((kind, value),) = data.items()
        if kind in _KINDS:
            try:
                distribution: Distribution = _KINDS[kind](value)
            except (IndexError, TypeError, KeyError) as error:
                raise ConfigurationError(f"malformed distribution {data!r}; {_FORMS}") from error
            return distribution
    raise ConfigurationError(f"not a distribution: {data!r}; {_FORMS}")


def _value(data: Any) -> Value:
    array = np.asarray(data, dtype=float)
    return float(array) if array.ndim == 0 else tuple(array.tolist())


_KINDS: dict[str, Any] = {
    "constant": lambda value: Constant(_value(value)),
    "uniform": lambda value: Uniform(_value(value[0]), _value(value[1])),
    "log_uniform": lambda value: LogUniform(float(value[0]), float(value[1])),
    "normal": lambda value: Normal(float(value[0]), float(value[1])),
    "choice": lambda value: Choice(tuple(float(x) for x in value)),
}
