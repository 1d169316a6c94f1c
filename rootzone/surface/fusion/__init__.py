"""Fine images of days that have only a coarse one; `estarfm` works alone, on arrays.

`estarfm_scene` does the same on xarray objects larger than memory.
"""

from rootzone.surface.fusion.estarfm import estarfm
from rootzone.surface.fusion.scenes import estarfm_scene

__all__ = ["estarfm", "estarfm_scene"]
