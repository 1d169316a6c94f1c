"""The day that a file's name tells, in any of the ways that satellites' products write it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from rootzone._shared.errors import RequestError

# 20160205, 2016-02-05, 2016_02_05, each perhaps with hours, minutes and seconds; 2016036, A2016036.
_DAY: Final = re.compile(
    r"(?<!\d)(?:(\d{4})([-_]?)(\d{2})\2(\d{2})(?:\d{4}(?:\d{2})?)?|(\d{4})(\d{3}))(?!\d)"
)
# Landsat, Sentinel-2 and GLASS write the day of the processing after that of the look.
_PROCESSED_LATER: Final = re.compile(r"L[COTEM]0\d_|S2[A-D]_|GLASS\d\d[A-Z]\d\d\.")
_YEARS: Final = range(1900, 2100)


def day_in_name(name: str) -> date:
    """The one day that a file's name tells.

    Parameters
    ----------
    name : str
        Name without its folder: ``20160205``, ``2016-02-05``, ``201602051200`` or year and day of
        year (``A2016036``) somewhere in it, with no further digit beside it. Of two days in a name
        of Landsat, Sentinel-2 or GLASS the first is that of the look.

    Raises
    ------
    RequestError
        The name holds no such day, or two different ones.

    Examples
    --------
    >>> day_in_name("MOD11A1.A2016049.h29v12.006.2016050112233.tif")
    datetime.date(2016, 2, 18)
    >>> day_in_name("SMAP_L2_SM_P_E_00001_D_19700103T120000_R18290_001.h5")
    datetime.date(1970, 1, 3)
    """
    found: list[date] = []
    for year, _, month, day, year_of_day, day_of_year in _DAY.findall(name):
        try:
            if year:
                told = date(int(year), int(month), int(day))
            else:
                told = date(int(year_of_day), 1, 1) + timedelta(days=int(day_of_year) - 1)
                if str(told.year) != year_of_day:
                    continue
        except ValueError:
            continue
        if told.year in _YEARS and told not in found:
            found.append(told)
    if len(found) > 1 and _PROCESSED_LATER.match(name):
        found = found[:1]
    if len(found) != 1:
        told_days = ", ".join(day.isoformat() for day in found) or "no day"
        raise RequestError(
            f"The name {name} tells {told_days}. A file's name must hold one day, as 20160218, "
            "2016-02-18 or 2016049: rename it, or leave it out."
        )
    return found[0]
