"""One formula for two libraries: elementary functions that follow the kind of their argument.

A formula of this room is written once. Handed NumPy arrays it is what doors and tests use; handed
tensors it carries gradients. Torch is imported only where a tensor comes in.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Field: TypeAlias = Any
"""A number, a NumPy array or a torch tensor; all arguments of one call broadcast together."""


def library(*values: Field) -> Any:  # noqa: ANN401 - NumPy, or torch
    """NumPy, or torch where any of the values is a tensor."""
    if any(type(value).__module__.partition(".")[0] == "torch" for value in values):
        import torch

        return torch
    return np


def sqrt(value: Field) -> Field:
    """Square root."""
    return library(value).sqrt(value)


def exp(value: Field) -> Field:
    """Exponential."""
    return library(value).exp(value)


def cos(angle: Field, like: Field = 0.0) -> Field:
    """Cosine of radians, in the library of another value."""
    angle = same_kind(angle, like)
    return library(angle).cos(angle)


def sin(angle: Field, like: Field = 0.0) -> Field:
    """Sine of radians, in the library of another value."""
    angle = same_kind(angle, like)
    return library(angle).sin(angle)


def log10(value: Field) -> Field:
    """Logarithm to base 10."""
    return library(value).log10(value)


def at_most(value: Field, limit: Field) -> Field:
    """The smaller of two."""
    return _pairwise("minimum", value, limit)


def at_least(value: Field, limit: Field) -> Field:
    """The larger of two."""
    return _pairwise("maximum", value, limit)


def radians(angle_deg: Field) -> Field:
    """Radians from degrees."""
    return angle_deg * (np.pi / 180.0)


def same_kind(value: Field, like: Field) -> Field:
    """A plain number as a value of the other's library, so that functions of it can be taken."""
    found = library(like)
    if found is np or library(value) is not np:
        return value
    return found.as_tensor(value, dtype=like.dtype, device=like.device)


def _pairwise(name: str, value: Field, limit: Field) -> Field:
    found = library(value, limit)
    if found is np:
        return getattr(np, name)(value, limit)
    tensor = value if library(value) is not np else limit
    return getattr(found, name)(same_kind(value, tensor), same_kind(limit, tensor))
