"""Maps by LightGBM on the network's channels, which a user would try before a network."""

from __future__ import annotations

from dataclasses import replace

from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.maps.map_run import LIGHTGBM, MapReport, MapRequest
from rootzone.maps.network_maps import maps_from_network


def maps_from_lightgbm(files: CampaignFiles, request: MapRequest) -> MapReport:
    """Grow trees on the campaign's training labels, and make the maps of a campaign with them.

    They are those of `learning.model: trees`, without physics, kept as the training run
    ``lightgbm``; the campaign's own runs are left alone.
    """
    from rootzone.learning.campaign_training import train_campaign

    learning = files.campaign.learning
    # They are shown no physics, so none has to be there.
    features = learning.features.model_copy(update={"physics": ()})
    changes = {"model": "trees", "members": 1, "features": features}
    learning = learning.model_copy(update=changes)
    campaign = files.campaign.model_copy(update={"learning": learning})
    own = CampaignFiles(replace(files.loaded, campaign=campaign), files.data)
    request.tell("trees grown", 0, 1)
    train_campaign(own, run=LIGHTGBM)
    return maps_from_network(own, replace(request, run=LIGHTGBM))
