"""Everything the surface network reads that a campaign's catalog and weather can give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.write_fields import write_coarse, write_leaf_area
from rootzone.surface.extents.write_land import write_land
from rootzone.surface.extents.write_weather import write_weather


def make_inputs(opened: OpenSurface, every: int, say: Callable[[str], None]) -> list[Path]:
    """Write land, weather, leaf area and coarse moisture; files made already are kept.

    Parameters
    ----------
    opened : OpenSurface
        A campaign of the system ``deepsoil``, with its weather prepared.
    every : int
        Days from one file of weather to the next.
    say : callable
        Told how it goes, and what is missing.

    Returns
    -------
    list of Path
        The land, and the folder of each quantity by day.

    Raises
    ------
    RequestError
        Something that is needed is missing, or files that were not made here are in the way.
    """
    files, section = CampaignFiles.beside(opened.campaign_file), opened.section.deepsoil
    made = [write_land(files, section.composite, files.folder / section.land, say)]
    by_day = [write_weather(files, section.weather, every, say)]
    if section.lai is not None:
        by_day.append(write_leaf_area(files, section.lai, say))
    if section.smap is not None:
        tables = [files.folder / one for one in section.observations]
        by_day.append(write_coarse(files, tables, section.smap, say))
    return [*made, *(paths[0].parent for paths in by_day if paths)]
