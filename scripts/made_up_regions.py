"""Run the chain from init to report on two made-up regions in the files of the global pack.

One lies in the southern hemisphere, one beyond the polar circle. Every setting but region, grid and
sources is that of the demo, made small. Run: python scripts/made_up_regions.py FOLDER [VERB ...]
Run it into two folders, and python scripts/made_up_regions.py --same FOLDER OTHER holds every table
(with the digests in it), map and trained parameter of one against the other; --truth FOLDER holds
weather, soils and classes of the stages' tables against the land and sky that wrote the files.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone.made_up.write_anywhere import Anywhere, write_anywhere

# Murrumbidgee, 35.4 S, and Lapland, 67.4 N; a few hundred pixels each.
PLACES = {
    "south": (-35.44, 149.115, Anywhere((149.10, -35.455, 149.13, -35.425), 3)),
    "north": (67.44, 26.63, Anywhere((26.60, 67.43, 26.66, 67.45), 4)),
}
VERBS = (
    ("check",), ("forcing",), ("sites",), ("soils",), ("plan",), ("simulate",), ("labels",),
    ("train",), ("evaluate", "--most-tile-days", "4"), ("map",), ("report",),
)  # fmt: skip
WRITTEN = [2022, 2023]  # years of weather
SMALL = {
    "name": "anywhere",
    "years": [2023],
    "sites": {"per_year": 24},
    "engine": {"spin_up_days": 365},
    "jobs": {"sites_per_shard": 20},
    "learning": {
        "model": "unet_a_up4", "widths": [8, 16], "epochs": 2, "steps_per_epoch": 3,
        "batch_size": 4, "output": "bounds",
        "features": {"aspect": "sincos", "classes": "onehot", "forcing": "bilinear"},
    },
    "maps": {"dates": ["2023-01-15", "2023-07-15"]},
}  # fmt: skip


def make_region(folder: Path, name: str) -> Path:
    """Files of a region, and its campaign from ``rootzone init --pack global``."""
    lat, lon, place = PLACES[name]
    where = folder / name
    run("init", "--pack", "global", str(where), "--lat", str(lat), "--lon", str(lon), "--force")
    write_anywhere(where / "data", place, WRITTEN)
    campaign = where / "campaign.yaml"
    settings = yaml.safe_load(campaign.read_text())
    for key, value in SMALL.items():
        settings[key] = settings[key] | value if isinstance(value, dict) else value
    settings["region"]["bounds_lonlat_deg"] = list(place.bounds)
    campaign.write_text(yaml.safe_dump(settings, sort_keys=False))
    return campaign


def run(*words: str) -> str:
    """Run a verb; its output, or the error as it is told."""
    result = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    if result.exit_code:
        raise SystemExit(f"rootzone {' '.join(words)}: exit {result.exit_code}\n{result.output}")
    return result.output


def compare(one: Path, other: Path) -> list[str]:
    """Differences between two runs: tables by column, maps and parameters by value.

    Folders are told from each other by what verbs wrote; words that hold a time of the clock or the
    folder itself (logs, pages, settings in words) are not looked at, nor is the tag of covariates
    that tells when their files were written.
    """
    import numpy as np
    import polars as pl
    import rasterio

    from rootzone.learning.scene.land import TAG_MADE_FROM

    different, counted = [], dict.fromkeys((".parquet", ".tif", ".nc", ".safetensors"), 0)
    for path in sorted(p for p in one.rglob("*") if p.suffix in counted and "data" not in p.parts):
        name = path.relative_to(one)
        twin = other / name
        counted[path.suffix] += 1
        if not twin.is_file():
            different.append(f"{name}: only in {one}")
        elif path.suffix == ".parquet":
            a, b = pl.read_parquet(path), pl.read_parquet(twin)
            if a.columns != b.columns or a.height != b.height:
                different.append(f"{name}: {a.shape} and {b.shape}")
            else:
                unlike = [c for c in a.columns if not a[c].equals(b[c], null_equal=True)]
                different.extend(f"{name}: column {c}" for c in unlike)
        elif path.suffix == ".tif":
            with rasterio.open(path) as a, rasterio.open(twin) as b:
                same = np.array_equal(a.read(), b.read(), equal_nan=a.dtypes[0].startswith("f"))
                tags = [{k: v for k, v in t.tags().items() if k != TAG_MADE_FROM} for t in (a, b)]
                if not same or tags[0] != tags[1]:
                    different.append(f"{name}: {'tags' if same else 'pixels'}")
        elif path.read_bytes() != twin.read_bytes():
            different.append(f"{name}: bytes")
    print(f"compared {counted}; {len(different)} differences")
    return different


def against_truth(folder: Path) -> list[str]:
    """Largest differences between the tables of the stages and what was written, by region.

    Soils are compared with the truth at the four 250 m pixels around each site, interpolated
    between their centres by hand; half a step of the file's 0.1 % is what may be left.
    """
    import numpy as np
    import polars as pl
    import rasterio
    from pyproj import Transformer

    from rootzone.covariates.layers.catalog import load_catalog
    from rootzone.made_up.write_anywhere import DEPTHS_CM, IGH

    wrong = []
    for region, (_, _, place) in PLACES.items():
        where = folder / region
        truth, largest = place.truth(WRITTEN), {}
        grid = load_catalog([], where).weather_grid("era5_land")
        for year in SMALL["years"]:
            table = pl.read_parquet(where / f"weather/weather_{year}.parquet")
            row, col = np.divmod(table["cell_id"].to_numpy(), grid.size[0])
            lat, lon = grid.origin[1] - row * grid.step[1], grid.origin[0] + col * grid.step[0]
            day = (table["date"].to_numpy().astype("datetime64[D]") - truth.dates[0]).astype(int)
            at = (day, np.abs(truth.lat[None] - lat[:, None]).argmin(1),
                  np.abs(truth.lon[None] - lon[:, None]).argmin(1))  # fmt: skip
            for name in ("rain_mm", "tmax_degc", "tmin_degc", "radn_mj_m2"):
                off = np.abs(table[name].to_numpy() - truth.columns[name][at]).max()
                largest[name] = (float(off), table.height, 1e-4)
        sites = pl.read_parquet(where / "sites/sites.parquet")
        lon, lat = sites["lon"].to_numpy(), sites["lat"].to_numpy()
        classes = np.array([int(text.split("-")[0]) for text in sites["stratum"]])
        share = float(np.mean(classes != place.land_cover(lon, lat)))
        largest["land cover"] = (share, sites.height, 0.1)  # nearest of 10 m at borders
        with rasterio.open(where / "data/soilgrids/sand/sand_0-5cm_mean.tif") as data:
            to_pixel = ~data.transform
        transformer = Transformer.from_crs("EPSG:4326", IGH, always_xy=True)
        x, y = transformer.transform(lon, lat)
        right, down = to_pixel * (np.asarray(x), np.asarray(y))
        col, row = np.floor(right - 0.5), np.floor(down - 0.5)
        u, v = right - 0.5 - col, down - 0.5 - row
        expected = np.zeros((len(DEPTHS_CM), 3, sites.height))
        for i, j, weight in ((0, 0, (1 - u) * (1 - v)), (0, 1, u * (1 - v)),
                             (1, 0, (1 - u) * v), (1, 1, u * v)):  # fmt: skip
            px, py = ~to_pixel * (col + j + 0.5, row + i + 0.5)
            corner = transformer.transform(px, py, direction="INVERSE")
            expected += weight * np.array(place.texture_pct(*corner))
        soils = sites.select("site_id").join(
            pl.read_parquet(where / "soils/textures.parquet"), on="site_id", maintain_order="left"
        )
        for k, name in enumerate(("sand_pct", "silt_pct", "clay_pct")):
            read = soils[name].to_numpy().reshape(sites.height, len(DEPTHS_CM)).T
            largest[name] = (float(np.abs(read - expected[:, k]).max()), read.size, 0.06)
        for name, (off, count, allowed) in largest.items():
            print(f"{region} {name}: {off:.2g} at most in {count} values")
            wrong += [f"{region} {name}"] * (off > allowed)
    return wrong


if __name__ == "__main__":
    if sys.argv[1] == "--truth":
        raise SystemExit("\n".join(against_truth(Path(sys.argv[2]))) or None)
    if sys.argv[1] == "--same":
        raise SystemExit("\n".join(compare(Path(sys.argv[2]), Path(sys.argv[3]))) or None)
    for region in PLACES:
        file = make_region(Path(sys.argv[1]), region)
        for verb, *more in VERBS:
            if not sys.argv[2:] or verb in sys.argv[2:]:
                print(f"{region}: {verb}", flush=True)
                run(verb, str(file), *more)
