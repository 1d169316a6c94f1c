"""Parts of a Zarr store at an address, kept below the data folder: a region's chunks.

What describes the arrays, the coordinates and the chunks that a region touches are fetched as
files, by the same rules as any download: allowed hosts, retries, resumption. They lie as a store of
their own, opened like one on this machine; a later run asks only for what is not there yet.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.addresses import check_address, without_secrets
from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.refusals import NotServed
from rootzone.covariates.fetch.run_transfer import Patience, download, open_session
from rootzone.covariates.grid import Bounds
from rootzone.covariates.layers.mosaic import read_piece
from rootzone.covariates.layers.windows import window_of

if TYPE_CHECKING:
    import requests

KEPT = ".kept"
_ABSENT = ".absent.json"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
_MOST_CHUNKS = 20_000
_MOST_COORDINATES = 2_000_000


@dataclass(frozen=True)
class _Array:
    """Shape, chunks and names of dimensions of an array, and how its chunks are spelled."""

    name: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dimensions: tuple[str, ...]
    prefix: str
    separator: str
    grid_mapping: str

    def key(self, index: tuple[int, ...]) -> str:
        """Where a chunk lies in the store."""
        return f"{self.name}/{self.prefix}{self.separator.join(map(str, index))}"


@dataclass
class _Store:
    """A store at an address, and what of it is here."""

    url: str
    folder: Path
    patience: Patience
    absent: set[str] = field(default_factory=set)
    _session: requests.Session | None = None

    def get(self, key: str) -> Path | None:
        """A file of the store; None where the server has none."""
        target = self.folder / key
        if target.is_file():
            return target
        if key in self.absent:
            return None
        self._session = self._session or open_session()
        try:
            return download(self._session, f"{self.url}/{key}", target, self.patience)
        except NotServed as error:
            if error.status != 404:
                raise
            self.absent.add(key)
            return None

    def read(self, key: str) -> dict[str, Any] | None:
        """A description of the store."""
        path = self.get(key)
        if path is None:
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            path.unlink()
            raise RequestError(f"{self.url}/{key} is no JSON: {error}.") from error
        if not isinstance(found, dict):
            raise RequestError(f"{self.url}/{key} describes no array.")
        return found

    def array(self, name: str) -> _Array | None:
        """An array by its description, of version 2 or 3 of the format."""
        if not _NAME.match(name):
            raise RequestError(f"{self.url}: {name[:80]!r} is no name of an array.")
        old = self.read(f"{name}/.zarray")
        if old is not None:
            self.get(".zgroup")
            notes = self.read(f"{name}/.zattrs") or {}
            dimensions = notes.get("_ARRAY_DIMENSIONS", [])
            chunks, prefix = old["chunks"], ""
            separator = old.get("dimension_separator", ".")
        else:
            old = self.read(f"{name}/zarr.json")
            if old is None:
                return None
            self.get("zarr.json")
            notes = old.get("attributes", {})
            dimensions = old.get("dimension_names") or []
            chunks = old["chunk_grid"]["configuration"]["chunk_shape"]
            spelled = old.get("chunk_key_encoding", {"name": "default"})
            default = spelled["name"] == "default"
            prefix = "c" if default else ""
            separator = spelled.get("configuration", {}).get("separator", "/" if default else ".")
            prefix += separator if prefix and old["shape"] else ""
        shape = tuple(int(n) for n in old["shape"])
        return _Array(
            name, shape, tuple(int(n) for n in chunks), tuple(str(d) for d in dimensions), prefix,
            separator, str(notes.get("grid_mapping", "")),
        )  # fmt: skip

    def fetch(self, array: _Array, ranges: list[range]) -> None:
        """Chunks of an array."""
        count = 1
        for one in ranges:
            count *= len(one)
        if count > _MOST_CHUNKS:
            raise RequestError(
                f"{self.url}/{array.name}: the region touches {count} chunks; at most "
                f"{_MOST_CHUNKS} are fetched one by one. Take a smaller region, or a copy."
            )
        for index in product(*ranges):
            self.get(array.key(index))


def region_of_store(
    url: str,
    variable: str,
    bounds: Bounds,
    data_folder: Path,
    crs: str | None = None,
    patience: Patience | None = None,
) -> Path:
    """A store on this machine that holds an array's chunks of a region.

    Parameters
    ----------
    url : str
        Address of the store, without the array.
    variable : str
        The array; rows and columns are its two dimensions.
    bounds : tuple of float
        West, south, east, north [degree] that will be read.
    data_folder : Path
        It is kept in ``.kept`` below it.
    crs : str, optional
        Coordinate system, where the store names none.
    patience : Patience, optional
        How often to ask.

    Returns
    -------
    Path
        A folder that GDAL opens as Zarr. Chunks beyond the region are not in it.

    Raises
    ------
    RequestError
        The host is not allowed, there is no such array, or it is not one of rows and columns.
    GaveUp
        The server failed too often; the same command goes on where it stopped.
    """
    check_address(url)
    store = _open(url.rstrip("/"), data_folder, patience or Patience())
    try:
        return _region(store, variable, bounds, crs)
    finally:
        store.folder.mkdir(parents=True, exist_ok=True)
        write_text(store.folder / _ABSENT, json.dumps(sorted(store.absent)))


def _open(url: str, data_folder: Path, patience: Patience) -> _Store:
    shown = re.sub(r"[^A-Za-z0-9._-]", "_", url.rsplit("/", 1)[-1].removesuffix(".zarr"))[:60]
    key = hashlib.sha256(url.encode()).hexdigest()[:16]
    folder = data_folder / KEPT / f"{shown}_{key}.zarr"
    noted = folder / _ABSENT
    absent = set(json.loads(noted.read_text())) if noted.is_file() else set()
    return _Store(url, folder, patience, absent)


def _region(store: _Store, variable: str, bounds: Bounds, crs: str | None) -> Path:
    array = store.array(variable)
    where = without_secrets(f"{store.url}/{variable}")
    if array is None:
        raise RequestError(
            f"{where} is no array of a Zarr store. Correct path or variable in the catalog."
        )
    if len(array.shape) != 2 or len(array.dimensions) != 2:
        raise RequestError(
            f"{where} has the dimensions {', '.join(array.dimensions) or array.shape}; rows and "
            "columns alone, with their names, can be read from an address. Choose one time or "
            "depth in a copy."
        )
    for name in array.dimensions:
        axis = store.array(name)
        if axis is None or len(axis.shape) != 1 or axis.shape[0] > _MOST_COORDINATES:
            raise RequestError(f"{where}: its axis {name} has no coordinates.")
        store.fetch(axis, list(_all_chunks(axis)))
    if _NAME.match(array.grid_mapping):
        store.array(array.grid_mapping)
    try:
        piece = read_piece(f'ZARR:"{store.folder}":/{variable}', crs)
    except RequestError as error:
        if not (store.folder / "zarr.json").is_file():
            raise
        raise RequestError(
            f"{where} is of version 3 of the format, which this GDAL cannot read: {error} Take a "
            "store of version 2, or write one: zarr_format=2."
        ) from error
    row, col, height, width = window_of(piece, bounds)
    spans = ((row, height, array.chunks[0]), (col, width, array.chunks[1]))
    store.fetch(array, [range(at // n, (at + size - 1) // n + 1) for at, size, n in spans])
    return store.folder


def _all_chunks(array: _Array) -> Iterator[range]:
    for size, chunk in zip(array.shape, array.chunks, strict=True):
        yield range((size + chunk - 1) // chunk)
