"""Fine images of days that have only a coarse one; `estarfm` works alone, on arrays."""

from rootzone.surface.fusion.estarfm import estarfm

__all__ = ["estarfm"]
