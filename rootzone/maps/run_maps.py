"""The maps of a campaign, from its trained network, from its physics or from trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootzone.maps.map_run import LIGHTGBM, MapReport, MapRequest

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles


def make_maps(files: CampaignFiles, request: MapRequest) -> MapReport:
    """Make every map asked for that is not there yet.

    A killed run goes on where it was. A map gets its final name when it is whole.

    Raises
    ------
    RequestError
        No model, no weather, another feature specification, or maps that were made otherwise and
        ``force`` is not set.
    StoppedEarly
        A worker was killed.
    """
    # Each way needs what the others do not: torch here, an engine there.
    source = request.source or files.campaign.maps.source
    if source == "physics":
        from rootzone.maps.physics_maps import maps_from_physics

        return maps_from_physics(files, request)
    if source == "simulation":
        from rootzone.maps.simulation_maps import maps_from_simulation

        return maps_from_simulation(files, request)
    if source == LIGHTGBM:
        from rootzone.maps.lightgbm_maps import maps_from_lightgbm

        return maps_from_lightgbm(files, request)
    from rootzone.maps.network_maps import maps_from_network

    return maps_from_network(files, request)
