"""A province whose water is drawn and not simulated, for tests of what comes after."""

from __future__ import annotations

from rootzone.surface.worlds.drawn import drawn_province as quick_province

__all__ = ["quick_province"]
