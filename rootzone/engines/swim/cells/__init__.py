"""Physics van_genuchten on cells finer than the layers, whose fluxes are exact integrals of K."""
