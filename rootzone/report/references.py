"""The works a campaign's methods rest on, by the key the methods paragraph cites them with."""

from __future__ import annotations

import re
from collections.abc import Iterable

REFERENCES = {
    "van Genuchten 1980": "van Genuchten, M. Th. (1980). A closed-form equation for predicting the "
    "hydraulic conductivity of unsaturated soils. Soil Science Society of America Journal 44, "
    "892-898. doi:10.2136/sssaj1980.03615995004400050002x",
    "Mualem 1976": "Mualem, Y. (1976). A new model for predicting the hydraulic conductivity of "
    "unsaturated porous media. Water Resources Research 12, 513-522. doi:10.1029/WR012i003p00513",
    "Zhang and Schaap 2017": "Zhang, Y. and Schaap, M. G. (2017). Weighted recalibration of the "
    "Rosetta pedotransfer model with improved estimates of hydraulic parameter distributions and "
    "summary statistics (Rosetta3). Journal of Hydrology 547, 39-53. "
    "doi:10.1016/j.jhydrol.2017.01.004",
    "Wosten et al. 1999": "Wosten, J. H. M., Lilly, A., Nemes, A. and Le Bas, C. (1999). "
    "Development and use of a database of hydraulic properties of European soils. Geoderma 90, "
    "169-185. doi:10.1016/S0016-7061(98)00132-3",
    "Weynants et al. 2009": "Weynants, M., Vereecken, H. and Javaux, M. (2009). Revisiting "
    "Vereecken pedotransfer functions: introducing a closed-form hydraulic model. Vadose Zone "
    "Journal 8, 86-95. doi:10.2136/vzj2008.0062",
    "Saxton and Rawls 2006": "Saxton, K. E. and Rawls, W. J. (2006). Soil water characteristic "
    "estimates by texture and organic matter for hydrologic solutions. Soil Science Society of "
    "America Journal 70, 1569-1578. doi:10.2136/sssaj2005.0117",
    "Toth et al. 2015": "Toth, B., Weynants, M., Nemes, A., Mako, A., Bilas, G. and Toth, G. "
    "(2015). New generation of hydraulic pedotransfer functions for Europe. European Journal of "
    "Soil Science 66, 226-238. doi:10.1111/ejss.12192",
    "Richards 1931": "Richards, L. A. (1931). Capillary conduction of liquids through porous "
    "mediums. Physics 1, 318-333. doi:10.1063/1.1745010",
    "Huth et al. 2012": "Huth, N. I., Bristow, K. L. and Verburg, K. (2012). SWIM3: model use, "
    "calibration, and validation. Transactions of the ASABE 55, 1303-1313. doi:10.13031/2013.42243",
    "Holzworth et al. 2014": "Holzworth, D. P. et al. (2014). APSIM - evolution towards a new "
    "generation of agricultural systems simulation. Environmental Modelling and Software 62, "
    "327-350. doi:10.1016/j.envsoft.2014.07.009",
    "Ritchie 1972": "Ritchie, J. T. (1972). Model for predicting evaporation from a row crop with "
    "incomplete cover. Water Resources Research 8, 1204-1213. doi:10.1029/WR008i005p01204",
    "Ronneberger et al. 2015": "Ronneberger, O., Fischer, P. and Brox, T. (2015). U-Net: "
    "convolutional networks for biomedical image segmentation. MICCAI 2015, LNCS 9351, 234-241. "
    "doi:10.1007/978-3-319-24574-4_28",
    "Ke et al. 2017": "Ke, G. et al. (2017). LightGBM: a highly efficient gradient boosting "
    "decision tree. Advances in Neural Information Processing Systems 30.",
    "Lei et al. 2018": "Lei, J., G'Sell, M., Rinaldo, A., Tibshirani, R. J. and Wasserman, L. "
    "(2018). Distribution-free predictive inference for regression. Journal of the American "
    "Statistical Association 113, 1094-1111. doi:10.1080/01621459.2017.1307116",
    "Gupta et al. 2009": "Gupta, H. V., Kling, H., Yilmaz, K. K. and Martinez, G. F. (2009). "
    "Decomposition of the mean squared error and NSE performance criteria. Journal of Hydrology "
    "377, 80-91. doi:10.1016/j.jhydrol.2009.08.003",
    "Bell et al. 2013": "Bell, J. E. et al. (2013). U.S. Climate Reference Network soil moisture "
    "and temperature observations. Journal of Hydrometeorology 14, 977-988. "
    "doi:10.1175/JHM-D-12-0146.1",
    "Dorigo et al. 2021": "Dorigo, W. et al. (2021). The International Soil Moisture Network: "
    "serving Earth system science for over a decade. Hydrology and Earth System Sciences 25, "
    "5749-5804. doi:10.5194/hess-25-5749-2021",
}


_ROSETTA = "Rosetta 3 (Zhang and Schaap 2017)"
# What soil.ptf is called in prose.
PTF_TITLES = {
    "rosetta3": _ROSETTA,
    "rosetta3_h3": f"{_ROSETTA}, with bulk density",
    "rosetta3_h4": f"{_ROSETTA}, with bulk density and water at 33 kPa",
    "rosetta3_h5": f"{_ROSETTA}, with bulk density and water at 33 and 1500 kPa",
    "wosten1999": "Wosten et al. 1999",
    "weynants2009": "Weynants et al. 2009",
    "saxton_rawls2006": "Saxton and Rawls 2006",
    "toth2015": "Toth et al. 2015",
}


def cited(text: str) -> list[str]:
    """References whose keys stand in a text, the year in brackets or not, in alphabetical order.

    Examples
    --------
    >>> [work[:18] for work in cited("Retention after van Genuchten 1980.")]
    ['van Genuchten, M. ']
    >>> [work[:14] for work in cited("a demand in the form of Ritchie (1972)")]
    ['Ritchie, J. T.']
    """
    plain = re.sub(r"\((\d{4})\)", r"\1", text)
    return sorted((work for key, work in REFERENCES.items() if key in plain), key=str.lower)


def numbered(works: Iterable[str]) -> str:
    """A list to paste, one work a line."""
    return "\n".join(works)
