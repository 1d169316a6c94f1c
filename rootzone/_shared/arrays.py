"""Names for the array types that signatures use."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
AnyArray = NDArray[Any]

ONE_YEAR = np.timedelta64(1, "Y")
ONE_DAY = np.timedelta64(1, "D")  # adding a bare 1 to a date is on its way out of NumPy
