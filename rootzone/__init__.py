"""Root-zone soil-moisture labels by soil physics, and 30 m maps made from them.

The packages are the stages of the pipeline, in the order data flows. A stage imports only stages
before it and ``_shared``; an import contract in CI holds that order::

    campaign      intent: a typed campaign.yaml, the workspace, the scaffold
    covariates    land and sky on one grid
    design        which sites: strata, allocation, picks, reserves, weights
    hydraulics    texture to a guarded set of hydraulic parameters
    engines       a profile of soil water, day by day
    jobs          half a million runs, none lost and none lied about
    labels        the same depth everywhere, stations beside it
    learning      sparse labels to a field
    maps          30 m maps, seam-free
    report        what was done and how good it is
    surface       surface (5 cm) moisture
"""

__version__ = "0.1.0"
