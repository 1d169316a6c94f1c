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
# # Stations and inversion
#
# What sensors saw, screened; and the soil that explains them.

# %%
import tempfile

import rootzone as rz

# %% [markdown]
# ## Read and screen
#
# `rz.read_stations` reads USCRN text, ISMN archives, AWDB replies, NRCS reports and plain tables, files
# or folders of them. These files are made up, in USCRN's format, with noise, offsets and outages.

# %%
folder = rz.example_campaign(tempfile.mkdtemp()).data / "uscrn"
stations = rz.read_stations(folder)
stations

# %% [markdown]
# Nothing is deleted: a value that a rule takes keeps its place and carries the rule's name.

# %%
stations.to_polars()["flag"].value_counts(sort=True)

# %% [markdown]
# What was odd about the files, counted, with the first place of each; nothing here:

# %%
list(stations.findings)

# %%
_ = stations.plot()

# %% [markdown]
# As labelled arrays, a series a sensor; values that a rule takes are NaN.

# %%
data = stations.to_xarray()
data["theta"].mean("date").to_series()

# %% [markdown]
# ## The soil that explains a sensor
#
# The texture triangle is searched with the engine under the station's own weather. The first half of
# the years finds the soil, the others judge it, beside a fixed loam and the station's climatology.

# %%
found = rz.invert(stations, depths_m=[0.05, 0.2])
found.to_polars().select(
    "station", "cost_training_loam", "cost_training", "sand_pct_zone_1", "clay_pct_zone_1"
)

# %% [markdown]
# Skill on the held-out year: with the soil, the error falls where the loam was far off.

# %%
scores = found.scores().to_pandas()
held_out = scores.query("years == 'held_out' and season == 'all' and nominal_depth_m == 0.2")
held_out[["station", "soil", "rmse", "ubrmse", "bias", "r"]].round(4)

# %%
found.plot()
