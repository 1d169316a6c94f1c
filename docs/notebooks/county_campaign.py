# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A county campaign
#
# From rasters to maps with one object. Its methods are the stages; each does what is not done yet and
# gives its table, and everything lies in the same files that the command line uses, so a run that was
# interrupted goes on, here or there.

# %%
import tempfile

import rootzone as rz

# %% [markdown]
# A corner of a made-up county, in the real file formats. For a campaign of your own write
# `campaign = rz.open_campaign("campaign.yaml")`.

# %%
campaign = rz.example_campaign(tempfile.mkdtemp())
campaign

# %% [markdown]
# Everything that is wrong with the file, before an hour is spent; nothing here:

# %%
campaign.check()

# %% [markdown]
# ## Sites, weather, soils
#
# The sites are drawn in proportion to land cover and climate, each with the number of pixels it stands
# for.

# %%
campaign.forcing()

# %%
sites = campaign.sites(workers=1)
sites.to_polars()["site_id", "lon", "lat", "stratum", "weight"].head()

# %%
soils = campaign.soils()
soils.plot()

# %% [markdown]
# ## Simulation
#
# Shards run on the threads of this process. A failed site is a row with a reason, never a blank.

# %%
status = campaign.simulate()
status.sites_done, status.sites_failed

# %%
_ = campaign.profiles(site=sites.to_polars()["site_id"][0]).plot()

# %% [markdown]
# ## Labels
#
# Water content at 20 cm of every site and day of the year; spin-up is left out.

# %%
theta = campaign.labels(depth_mm=200).to_xarray()
print(theta.isel(site_id=0, depth_mm=0, date=slice(0, 3)))

# %% [markdown]
# The county's mean, each site by the pixels it stands for:

# %%
_ = theta.weighted(theta["weight"]).mean("site_id").plot(figsize=(8, 3))

# %% [markdown]
# ## Maps
#
# Physics at every pixel needs no network. (`campaign.train()` and `campaign.maps()` make maps by the
# network, in the time of a coffee on the demo; the tutorial shows them.)

# %%
maps = campaign.maps(source="simulation", texture_step_pct=5)
_ = maps[0].plot()

# %%
maps.to_xarray()["theta"].mean(["y", "x"]).to_series()

# %% [markdown]
# ## What is there now
#
# `campaign.report()` writes one page with everything, and gives its path.

# %%
campaign
