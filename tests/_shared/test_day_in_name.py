"""Names of real products (realdata of the project, and the agencies' naming conventions)."""

from __future__ import annotations

import datetime as dt

import pytest

from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.errors import RequestError


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("SMAP_L2_SM_P_02801_A_20150811T013002_R18290_001.h5", "2015-08-11"),
        ("MOD11A1_LST_cloudrm_20160218.tif", "2016-02-18"),
        ("c_gls_SSM1km_201706010000_CEURO_S1CSAR_V1.1.1.nc", "2017-06-01"),
        ("GLDAS_NOAH025_3H.A20160101.1200.021.nc4", "2016-01-01"),
        ("SM_OPER_MIR_CLF31A_20150506T000000_20150506T235959_300_002_7.DBL.nc", "2015-05-06"),
        # Day of the year by hand: 103 of 2022 is 13 April; 60 of a leap year is 29 February.
        ("MOD11A1.A2022103.h09v05.006.2022104093154_CDC_B11_cropped.TIF", "2022-04-13"),
        ("NDVI_2016060.tif", "2016-02-29"),
        ("LC08_L1TP_092084_20160205_20170330_01_T1_B4.TIF", "2016-02-05"),
        ("S2A_MSIL2A_20220401T101601_N0400_R065_T32TQM_20220402T155555.tif", "2022-04-01"),
        ("ndvi-2022-06-01.tif", "2022-06-01"),
    ],
)
def test_the_day_of_the_look_is_found(name: str, day: str) -> None:
    assert day_in_name(name) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lst.tif", "tells no day"),
        ("lst_20161340.tif", "tells no day"),
        ("lst_2015366.tif", "tells no day"),  # 2015 is no leap year
        ("tile_0012345.tif", "tells no day"),
        ("ndvi_20160101_20160116.tif", "tells 2016-01-01, 2016-01-16"),
    ],
)
def test_no_day_or_two_are_refused(name: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        day_in_name(name)
