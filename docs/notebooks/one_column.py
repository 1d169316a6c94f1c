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
# # One column of soil
#
# From the texture of a soil and a year of weather to the water in it, day by day.

# %%
import numpy as np

import rootzone as rz

# %% [markdown]
# ## The soil
#
# A loam: 40 % sand, 40 % silt, 20 % clay, down to 1.5 m in the manuscript's layers. Rosetta 3 gives the
# van Genuchten parameters; guards hold them to what is physically possible and say what they changed.

# %%
texture = {"sand_pct": 40, "silt_pct": 40, "clay_pct": 20}
soil = rz.make_soils(texture, thickness_mm=rz.LAYERS_MM)
soil.to_polars().select("layer", "thickness_mm", "theta_r", "theta_s", "alpha_per_cm", "ks_mm_d")

# %% [markdown]
# What each column is, in which unit, is part of the table:

# %%
soil.units["ks_mm_d"], soil.provenance.settings["ptf"]

# %%
soil.plot()

# %% [markdown]
# ## The weather
#
# Any table with `date`, `rain_mm` and `eo_mm` will do (or radiation and temperatures in the place of
# `eo_mm`): a polars or pandas frame, a mapping of arrays, a file. Here is a made-up year: a storm every
# fifth day or so, and an evaporative demand that follows the sun.

# %%
dates = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
day = np.arange(dates.size)
rng = np.random.default_rng(3)
storm = rng.random(dates.size) < 0.2
weather = {
    "date": dates,
    "rain_mm": np.where(storm, rng.exponential(9.0, dates.size), 0.0),
    "eo_mm": 3.5 - 2.5 * np.cos(2 * np.pi * day / 365.25),
}

# %% [markdown]
# ## The water
#
# Richards' equation, with an error-controlled step. Every setting of the engine is a keyword; what is
# left out keeps the default that `rootzone simulate-tables --help` prints.

# %%
run = rz.simulate(soil, weather)
_ = run.plot()

# %% [markdown]
# At 20 cm, the depth of the manuscript's labels, and as the mean of the first metre:

# %%
labels = run.at_depth([200, "0-1000"])
_ = labels.plot()

# %% [markdown]
# ## On to xarray
#
# Results are labelled arrays with CF names, units and coordinates; the attributes carry the digest of
# everything that made them.

# %%
data = run.to_xarray()
print(data)

# %%
data["theta"].sel(layer=4, date="2023-06").mean().item()

# %% [markdown]
# ## Does the water add up?
#
# What fell is what ran off, evaporated, drained, or is still there. The difference is the engine's
# balance error over the year [mm]; infiltration is net of evaporation, and what stands on the surface
# at the end counts as stored.

# %%
stored_mm = (data["theta"] * data["thickness_mm"]).sum("layer").isel(site_id=0)
change_mm = float(stored_mm[-1] - stored_mm[0])
after_first = data.isel(site_id=0, date=slice(1, None))
into_soil_mm = float((after_first["infiltration_mm"] - after_first["drainage_mm"]).sum())
abs(change_mm - into_soil_mm) < 1e-6

# %% [markdown]
# ## Many columns at once
#
# A row a soil is a site a row. Three textures under the same sky:

# %%
three = rz.make_soils(
    {
        "site_id": ["sand", "loam", "clay"],
        "sand_pct": [90, 40, 20],
        "silt_pct": [5, 40, 20],
        "clay_pct": [5, 20, 60],
    }
)
_ = rz.simulate(three, weather).at_depth(200).plot()
