"""Which depths the values of a profile belong to, site by site.

The engine that wrote a profile file may say so itself: its metadata key ``node_depth_mm`` holds a
JSON object from a number of layers to their node depths [mm], and ``thickness_mm`` one to their
thicknesses. Otherwise thicknesses come from the soils table and the nodes from the physics.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import LabelDepth, depth_weights, node_depths_mm

NODE_DEPTH_KEY = b"node_depth_mm"
THICKNESS_KEY = b"thickness_mm"


@dataclass(frozen=True)
class Layering:
    """One way a profile is cut.

    Parameters
    ----------
    node_depth_mm : tuple of float
        Depth each value belongs to [mm].
    thickness_mm : tuple of float, or None
        Layer thickness [mm], where known.
    """

    node_depth_mm: tuple[float, ...]
    thickness_mm: tuple[float, ...] | None = None

    @property
    def n_layer(self) -> int:
        """Number of layers."""
        return len(self.node_depth_mm)


@dataclass(frozen=True)
class Layerings:
    """Layering of every site.

    Parameters
    ----------
    by_site : mapping
        Layering of each site that has its own, such as those of a soils table.
    by_count : mapping
        Layering of all profiles with a number of layers, used for sites not in ``by_site``.
    """

    by_site: Mapping[Hashable, Layering] = field(default_factory=dict)
    by_count: Mapping[int, Layering] = field(default_factory=dict)

    def of(self, site: Hashable, n_layer: int) -> Layering:
        """Layering of one site.

        Raises
        ------
        RequestError
            Nothing is known about the site, or what is known has another number of layers.
        """
        found = self.by_site.get(site) or self.by_count.get(n_layer)
        if found is None:
            raise RequestError(
                f"Site {site}: the depths of its {n_layer} layers are not known. Give the soils "
                "table the profiles were made from, or the layer thicknesses."
            )
        if found.n_layer != n_layer:
            raise RequestError(
                f"Site {site}: its profile has {n_layer} layers, its soil {found.n_layer}. The "
                "soils table is not the one the profiles were made from."
            )
        return found


def layerings_from_thickness(thickness_mm: Sequence[float], nodes: str) -> Layerings:
    """One layering for all sites."""
    one = _layering(thickness_mm, nodes)
    return Layerings(by_count={one.n_layer: one})


def layerings_from_soils(soils: pl.DataFrame, nodes: str) -> Layerings:
    """Layering of every site of a soils table (columns site_id, layer, thickness_mm).

    Sites that are cut alike share one object, so a campaign costs one entry a site.
    """
    ordered = soils.select("site_id", "layer", "thickness_mm").sort("site_id", "layer")
    grouped = ordered.group_by("site_id", maintain_order=True).agg("thickness_mm")
    known: dict[tuple[float, ...], Layering] = {}
    by_site: dict[Hashable, Layering] = {}
    for site, thickness in grouped.iter_rows():
        key = tuple(thickness)
        if key not in known:
            known[key] = _layering(key, nodes)
        by_site[site] = known[key]
    return Layerings(by_site=by_site)


def layerings_from_metadata(metadata: Mapping[bytes, bytes] | None) -> Layerings | None:
    """Layerings that a profile file carries itself, or None where it carries none.

    Raises
    ------
    RequestError
        The metadata is there, but is not what `NODE_DEPTH_KEY` promises.
    """
    stored = (metadata or {}).get(NODE_DEPTH_KEY)
    if stored is None:
        return None
    try:
        nodes = {int(count): tuple(map(float, values)) for count, values in _object(stored).items()}
        raw = (metadata or {}).get(THICKNESS_KEY)
        thick = {int(c): tuple(map(float, v)) for c, v in _object(raw).items()} if raw else {}
    except (ValueError, TypeError, AttributeError) as error:
        raise RequestError(
            f"Metadata {NODE_DEPTH_KEY.decode()} is not a JSON object from a number of layers to "
            f"that many depths: {stored.decode(errors='replace')[:80]}"
        ) from error
    return Layerings(by_count={c: Layering(values, thick.get(c)) for c, values in nodes.items()})


def _object(stored: bytes) -> dict[str, list[float]]:
    value = json.loads(stored)
    if isinstance(value, list):
        return {str(len(value)): value}
    return dict(value)


def _layering(thickness_mm: Sequence[float], nodes: str) -> Layering:
    depths = node_depths_mm(np.asarray(thickness_mm, dtype=np.float64), nodes)
    return Layering(tuple(depths.tolist()), tuple(map(float, thickness_mm)))


def weights_of(layering: Layering, depths: Sequence[LabelDepth]) -> FloatArray:
    """Shares of the layers in each label, shape (depth, layer).

    Raises
    ------
    RequestError
        A depth lies outside the profile.
    """
    nodes = np.asarray(layering.node_depth_mm)
    thickness = None if layering.thickness_mm is None else np.asarray(layering.thickness_mm)
    return np.vstack([depth_weights(depth, nodes, thickness) for depth in depths])
