"""Root-zone soil-moisture labels by soil physics, and 30 m maps made from them.

The packages are the stages of the pipeline, in the order data flows. A stage imports only stages
before it and ``_shared``; an import contract in CI holds that order::

    campaign      intent: a typed campaign.yaml, the workspace, the scaffold
    covariates    land and sky on one grid
    design        which sites: strata, allocation, picks, reserves, weights
    hydraulics    texture to a guarded set of hydraulic parameters
    engines       a profile of soil water, day by day
    jobs          half a million runs, none lost and none lied about
    stations      what sensors saw, screened, on their pixels
    labels        the same depth everywhere
    inversion     the soil that explains a sensor
    made_up       land, weather and stations with a known truth
    networks      models, losses, the training loop, checkpoints, for any depth
    learning      sparse labels to a field
    maps          30 m maps, seam-free
    surface       surface (5 cm) moisture
    report        what was done and how good it is
"""

__version__ = "0.1.0"
