"""A campaign to try things on, with made-up data in the real file formats."""

from __future__ import annotations

from pathlib import Path

from rootzone.api.campaign import OpenCampaign, open_campaign


def example_campaign(folder: str | Path, *, stations: int = 3) -> OpenCampaign:
    """A small campaign on a corner of a made-up county, with everything it needs.

    Rasters, daily weather and stations are written into ``folder/data`` in the formats of NLCD,
    3DEP, POLARIS, gridMET and USCRN; a folder that holds the example already is opened as it is.
    Nothing in it is a real place.

    Parameters
    ----------
    folder : str or Path
        Where to write.
    stations : int
        Stations in the county, two years of daily values each.

    Examples
    --------
    >>> import rootzone as rz
    >>> campaign = rz.example_campaign("example")
    >>> campaign.campaign.name
    'made-up-corner'
    """
    from rootzone.made_up.write_campaign import write_example

    return open_campaign(write_example(Path(folder), stations=stations), Path(folder) / "data")
