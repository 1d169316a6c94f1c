"""Every variable of an entry that a file has, one after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_netcdf
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.observe.observed import Dropped, NothingLeftError, Observed


def those_held(path: Path, layer: Layer) -> list[Layer]:
    """The layer's variable, or all of its entry that a NetCDF file has.

    Raises
    ------
    RequestError
        It has none of them, or cannot be read.
    """
    if layer.part is not None:
        return [layer]
    try:
        with open_netcdf(path) as file:
            held = list(file.variables)
    except OSError as error:
        raise RequestError(f"{path} cannot be read as NetCDF: {error}") from error
    parts = layer.source.variables
    there = [name for name, part in parts.items() if set(part.names) & set(held)]
    if not there:
        wanted = ", ".join(name for part in parts.values() for name in part.names)
        raise RequestError(
            f"{path} has none of the variables {wanted}; it holds {', '.join(held[:8])}."
        )
    return [replace(layer, values=layer.values | {"variable": name}) for name in there]


def observe_each(path: Path, layer: Layer, read: Callable[[Layer], Observed]) -> Observed:
    """What is seen of all variables that a file has, as one table.

    Raises
    ------
    NothingLeftError
        None of them has a value that counts.
    """
    import polars as pl

    dropped, seen = Dropped(), []
    for held in those_held(path, layer):
        try:
            seen.append(read(held))
        except NothingLeftError as error:
            dropped.add(error.dropped)
        else:
            dropped.add(seen[-1].dropped)
    if not seen:
        raise NothingLeftError(path, dropped)
    frame = pl.concat([one.frame for one in seen])
    return Observed(frame, dropped, tuple(line for one in seen for line in one.said))


def observe_file(
    path: Path, catalog: Catalog, source_name: str | None = None, *, recommended_only: bool = False
) -> Observed:
    """What a file of a satellite or model holds, by the entry that its name or the user names.

    Parameters
    ----------
    path : Path
        As delivered.
    catalog : Catalog
        Entries.
    source_name : str, optional
        The entry that is meant, whatever the file is called.
    recommended_only : bool
        Whether only values count that the product itself recommends, where it does so by a flag
        that is not applied anyhow.

    Raises
    ------
    RequestError
        No entry of kind observations has such names, or its reader refuses the file.
    """
    from rootzone.covariates.check.check import layers_for
    from rootzone.covariates.readers.registry import observation_reader

    if not path.is_file():
        raise RequestError(f"{path} does not exist.")
    found = layers_for(path, catalog, source_name)
    known = [one for one in found if one.source.kind == "observations"]
    if not known:
        names = [n for n, source in catalog.sources.items() if source.kind == "observations"]
        raise RequestError(
            f"{path}: no catalog entry of kind observations has a path like this name. Say which "
            f"it is with --as: {', '.join(names)}."
        )
    return observation_reader(known[0]).observe(path, known[0], recommended_only=recommended_only)
