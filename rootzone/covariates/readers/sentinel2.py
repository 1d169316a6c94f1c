"""Sentinel-2 L2A reflectance: the offset of -1000 is taken off where the processing put it on."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.layers.opened import Opened
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.readers.raster import Raster

WITH_OFFSET: Final = 400
"""Processing baseline 04.00, the first whose numbers have 1000 added."""
_FIRST_DAY: Final = date(2022, 1, 25)  # of baseline 04.00; reprocessed scenes are older
_BASELINE = re.compile(r"_N(\d{2})(\d{2})(?=_|$)")
_METADATA = "MTD_MSIL2A.xml"
_IN_XML = re.compile(r"<PROCESSING_BASELINE>\s*(\d{2})\.(\d{2})")


class Sentinel2(Raster):
    """Bands of L2A; which offset they have is told by their processing baseline."""

    def opened_files(self, layer: Layer, paths: list[Path], gaps: tuple[str, ...] = ()) -> Opened:
        """A band with the offset of its baseline: the entry's from 04.00 on, none before."""
        opened = super().opened_files(layer, paths, gaps)
        return opened if baseline_of(paths[0]) >= WITH_OFFSET else replace(opened, offset=0.0)


READER = Sentinel2()


def baseline_of(path: Path) -> int:
    """Processing baseline of a band, such as 400 for 04.00.

    It stands in the name of the product (``_N0400_``) that the file lies in, in a tag
    ``PROCESSING_BASELINE``, in ``MTD_MSIL2A.xml`` beside the file or above it, or follows from the
    day of the look: before 2022-01-25 a scene without any of these counts as processed then.

    Raises
    ------
    RequestError
        A tag holds no baseline.
    """
    for part in reversed(path.parts):
        found = _BASELINE.search(part.removesuffix(".SAFE"))
        if found:
            return int(found[1]) * 100 + int(found[2])
    with open_raster(path) as file:
        tag = file.tags().get("PROCESSING_BASELINE")
    if tag is not None:
        told = re.fullmatch(r"(\d{1,2})\.(\d{2})", tag.strip())
        if told is None:
            raise RequestError(f"{path}: PROCESSING_BASELINE is {tag!r}, not such as 04.00.")
        return int(told[1]) * 100 + int(told[2])
    for folder in list(path.parents)[:5]:
        metadata = folder / _METADATA
        if metadata.is_file():
            found = _IN_XML.search(metadata.read_text(encoding="utf-8", errors="replace"))
            if found:
                return int(found[1]) * 100 + int(found[2])
    return WITH_OFFSET if day_in_name(path.name) >= _FIRST_DAY else 0
