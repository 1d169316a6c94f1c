"""Flags beside the values of a raster: which pixels count, and what speaks against the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.layers.mosaic import Piece, quiet, read_piece, virtual_raster
from rootzone.covariates.layers.opened import Quality
from rootzone.covariates.layers.source import FlagFile, FlagRule, Layer

_NO_FLAG = 0xFFFF  # what the stack fills in
_LOOKED_AT_PX = 1000  # rows and columns that are looked at to tell shares


def speaks_against(flags: AnyArray, rule: FlagRule) -> BoolArray:
    """Where the bits of a rule say what it drops.

    Examples
    --------
    Bit 3 of Landsat's QA_PIXEL is cloud: 22280 has it, 21824 has not.

    >>> cloud = FlagRule(why="cloud", shift=3, bits=1, drop=(1,))
    >>> speaks_against(np.array([22280, 21824]), cloud).tolist()
    [True, False]
    """
    mask = (1 << rule.bits) - 1
    return np.asarray(np.isin((flags.astype(np.int64) >> rule.shift) & mask, rule.drop))


def counts(flags: AnyArray, rules: Sequence[FlagRule]) -> BoolArray:
    """Where no rule speaks against a value; never where there is no flag."""
    good = np.asarray(flags != _NO_FLAG)
    for rule in rules:
        good &= ~speaks_against(flags, rule)
    return good


def flag_path(layer: Layer, path: Path, entry: FlagFile) -> Path | None:
    """The raster of flags that belongs to a raster of values; None where it may lack.

    Raises
    ------
    RequestError
        It is not there, and the entry asks for it.
    """
    variable = layer.values.get("variable") or layer.source.variable or ""
    name = (layer.part.flag_name if layer.part else "") or entry.name
    told = path.name.replace(variable or "\0", name)
    own, its = entry.ending
    beside = path.with_name(told.removesuffix(own) + its if told.endswith(own) else told)
    if beside != path and beside.is_file():
        return beside
    if entry.on_missing == "accept":
        return None
    raise RequestError(
        f"{layer.address}: {beside.name} is missing beside {path.name}. Without it clouds would "
        f"count as land; download the {name} band of the same scene."
    )


def quality_of(
    layer: Layer, path: Path, values: Piece, entry: FlagFile
) -> tuple[Quality, Path] | None:
    """The flags of a raster, and where they lie.

    Raises
    ------
    RequestError
        They are not there, or on other pixels.
    """
    beside = flag_path(layer, path, entry)
    if beside is None:
        return None
    piece = read_piece(str(beside), layer.source.crs)
    finer = max(values.width // piece.width, 1)
    if (values.bounds, values.width) != (piece.bounds, finer * piece.width):
        raise RequestError(
            f"{beside.name} does not cover the pixels of {path.name}, whole ones or whole parts."
        )
    # A flag of -1 stays one; a flag of 20 m counts for all values of 10 m in it.
    raster = virtual_raster([piece], 1, float(_NO_FLAG), "int32", finer=finer)
    rules = entry.rules
    return Quality(raster, lambda flags: counts(flags, rules)), beside


def shares(path: Path, rules: Sequence[FlagRule]) -> list[str]:
    """What is left out of a raster by its flags, as text; a pixel counts for its first reason.

    Parameters
    ----------
    path : Path
        The flags; of a large raster every so many pixels are looked at.
    rules : sequence of FlagRule
        What speaks against a value.
    """
    with quiet(), open_raster(path) as data:
        shape = tuple(min(size, _LOOKED_AT_PX) for size in data.shape)
        flags = data.read(1, out_shape=shape).astype(np.int64)
    left = np.ones(flags.shape, dtype=np.bool_)
    lines = []
    for rule in rules:
        here = left & speaks_against(flags, rule)
        if here.any():
            lines.append(f"{100 * here.mean():.1f} % {rule.why}")
        left &= ~here
    return [f"{100 * left.mean():.1f} % count", *lines]
