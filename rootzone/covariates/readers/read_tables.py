"""Tables of the catalog: weather of one place, measured soils."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootzone.covariates.fetch.checksums import check_inputs
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.readers.registry import table_reader

if TYPE_CHECKING:
    import polars as pl


def read_table_layer(catalog: Catalog, address: str) -> pl.DataFrame:
    """A table by its address.

    Parameters
    ----------
    catalog : Catalog
        Where it lies.
    address : str
        Such as ``unsoda/retention`` or ``met/Ames``.

    Returns
    -------
    frame : polars.DataFrame
        Columns carry their unit in their name. Weather of a place stands in the weather table's
        columns, its ``cell_id`` the name of the place.

    Raises
    ------
    RequestError
        The address names no table, or the file cannot be read.
    """
    layer = catalog.layer(address)
    path = catalog.data_folder / layer.path_pattern()
    check_inputs([path], catalog.data_folder)
    return table_reader(layer).table(path, layer)
