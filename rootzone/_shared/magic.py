"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

from pathlib import Path

_HEAD_BYTES = 512
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"CDF\x01", "netcdf3"),
    (b"CDF\x02", "netcdf3"),
    (b"CDF\x05", "netcdf3"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x0e\x03\x13\x01", "hdf4"),
    (b"EHFA_HEADER_TAG", "erdas"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"SQLite format 3\x00", "geopackage"),
    (b"<VRTDataset", "vrt"),
)
# What a file of this ending may be.
EXPECTED: dict[str, frozenset[str]] = {
    ".tif": frozenset({"tiff"}),
    ".tiff": frozenset({"tiff"}),
    ".nc": frozenset({"hdf5", "netcdf3"}),
    ".nc4": frozenset({"hdf5"}),
    ".h5": frozenset({"hdf5"}),
    ".hdf": frozenset({"hdf4", "hdf5"}),
    ".img": frozenset({"erdas"}),
    ".zip": frozenset({"zip"}),
    ".gz": frozenset({"gzip"}),
    ".png": frozenset({"png"}),
    ".gpkg": frozenset({"geopackage"}),
    ".vrt": frozenset({"vrt"}),
}


def kind_of_bytes(head: bytes) -> str:
    """Kind of a file from its first bytes: one of ours, ``html``, ``empty`` or ``unknown``."""
    if not head:
        return "empty"
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<?xml") and b"<vrtdataset" in start:
        return "vrt"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        return "html"
    if start.startswith((b"ncols", b"nrows")):
        return "ascii grid"
    return "unknown"


def kind_of_file(path: Path) -> str:
    """Kind of a file from its first bytes."""
    with path.open("rb") as handle:
        return kind_of_bytes(handle.read(_HEAD_BYTES))


def mismatch(path: Path, kind: str) -> str | None:
    """What is wrong when a file of this kind has this name; None where nothing is.

    A web page under a data name is the mark of a login or an error page that was saved as data.
    """
    wanted = EXPECTED.get(path.suffix.lower())
    if kind == "html" and path.suffix.lower() not in (".html", ".htm", ".xml"):
        return "a web page, not data: a login or error page was saved under this name"
    if kind == "empty":
        return "empty"
    if wanted is not None and kind not in wanted:
        return f"{kind}, though its name ends in {path.suffix}"
    return None
