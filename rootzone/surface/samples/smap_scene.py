"""A half orbit of SMAP as what a single-channel retrieval is told."""

from __future__ import annotations

from rootzone.covariates.observe.smap_l2 import SmapL2
from rootzone.surface.physics.retrieve import (
    Scene,
    nadir_from_slant_opacity,
    porosity_from_bulk_density,
)


def scene_of(half: SmapL2) -> Scene:
    """What a single-channel retrieval is told; the file's slant opacity is brought to nadir."""
    value, incidence = half.values, half.values["boresight_incidence"]
    return Scene(
        value["surface_temperature"], 100.0 * value["clay_fraction"],
        value["roughness_coefficient"], value["albedo"],
        nadir_from_slant_opacity(value["opacity"], incidence), incidence,
        porosity_from_bulk_density(value["bulk_density"]),
    )  # fmt: skip
