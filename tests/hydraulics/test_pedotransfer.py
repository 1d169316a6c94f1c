"""Pedotransfer functions: the published equations, Rosetta itself, and what each needs."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from rootzone._cli.soils import command
from rootzone.hydraulics import closed_forms
from rootzone.hydraulics.layer_properties import stone_volume, with_stones
from rootzone.hydraulics.outcomes import Refusal
from rootzone.hydraulics.pedotransfer import PEDOTRANSFERS, PTF_NAMES
from rootzone.hydraulics.rosetta_networks import rosetta_networks
from rootzone.hydraulics.van_genuchten import theta_from_psi

LOAM = {
    "sand_pct": np.array([40.0]), "silt_pct": np.array([40.0]), "clay_pct": np.array([20.0]),
    "bd_g_cm3": np.array([1.4]), "om_pct": np.array([2.0]), "theta_33kpa": np.array([0.25]),
    "theta_1500kpa": np.array([0.12]), "top_mm": np.array([400.0]), "bottom_mm": np.array([500.0]),
}  # fmt: skip


# PyPI pedon 0.1.0 for 40/40/20 %, 1.4 g cm-3, 2 % organic matter; Ks times 10 for mm d-1. Its
# theta_s of Wosten has -1.419e-6 in the silt term where the paper has -1.491e-6: 0.0001 apart.
@pytest.mark.parametrize(
    ("name", "top_mm", "expected", "theta_s_within"),
    [
        (
            "wosten1999",
            400.0,
            (0.01, (0.441327655565, 0.0383648777432, 1.17257771549, 268.341548551)),
            2e-4,
        ),
        (
            "wosten1999",
            0.0,
            (0.01, (0.434671655565, 0.0362247431925, 1.19922755414, 329.461862601)),
            2e-4,
        ),
        (
            "weynants2009",
            0.0,
            (0.0, (0.43316, 0.0172942499338, 1.17611818564, 85.7327208271)),
            1e-9,
        ),
    ],
)
def test_closed_forms_agree_with_another_program(
    name: str, top_mm: float, expected: tuple, theta_s_within: float
) -> None:
    layer = {**LOAM, "top_mm": np.array([top_mm]), "bottom_mm": np.array([top_mm + 100.0])}
    theta_r, theta_s, alpha, n, ks = PEDOTRANSFERS[name].predict(layer)[:, 0]
    assert theta_r == expected[0]
    assert theta_s == pytest.approx(expected[1][0], abs=theta_s_within)
    assert (alpha, n, ks) == pytest.approx(expected[1][1:], rel=1e-9)


def test_toth_by_hand() -> None:
    # Table S1, function 21, for 40/40/20 %, 1.4 g cm-3, 1.724 % organic matter (1 % of carbon), in
    # the subsoil: theta_s = 0.83080 - 0.395038 + 0.005456 + 0.00748; log10 alpha = -0.43348
    # - 0.584206 - 0.04762 - 0.3162 - 0.4828; log10 (n - 1) = 0.22236 - 0.422646 - 0.10612
    # - 0.12336 - 0.01072. The sums are those of the LISFLOOD user guide, which prints them too.
    soil = {**LOAM, "om_pct": np.array([1.724])}
    theta_r, theta_s, alpha, n, ks = PEDOTRANSFERS["toth2015"].predict(soil)[:, 0]
    assert (theta_r, theta_s) == pytest.approx((0.041, 0.448698), abs=1e-9)
    assert np.log10(alpha) == pytest.approx(-1.864306, abs=1e-9)
    assert np.log10(n - 1.0) == pytest.approx(-0.440486, abs=1e-9)
    assert ks == PEDOTRANSFERS["wosten1999"].predict(soil)[4, 0]
    # In the topsoil alpha grows by 10^0.2181 and n - 1 shrinks by 10^-0.05558.
    top = {**soil, "top_mm": np.array([0.0]), "bottom_mm": np.array([100.0])}
    higher, narrower = PEDOTRANSFERS["toth2015"].predict(top)[2:4, 0]
    assert higher / alpha == pytest.approx(10**0.2181)
    assert (narrower - 1.0) / (n - 1.0) == pytest.approx(10**-0.05558)
    sandless = {
        **soil,
        "sand_pct": np.array([1.0]), "silt_pct": np.array([79.0]),
    }  # fmt: skip
    assert PEDOTRANSFERS["toth2015"].predict(sandless)[0, 0] == 0.179


def test_saxton_and_rawls_by_hand() -> None:
    # Paper's Eq. 1 to 3 and 5 for sand 0.4, clay 0.2, organic matter 2:
    # dry = -0.0096+0.0974+0.012+0.004-0.0052+0.00544+0.031 = 0.13504; 1500 kPa: 1.14 dry - 0.02.
    # wet = -0.1004+0.039+0.022+0.0048-0.0108+0.03616+0.299 = 0.28976; 33 kPa as Eq. 2.
    # span = 0.1112+0.0068+0.044-0.0144-0.0108-0.04672+0.078 = 0.16808.
    dry, wet, saturated = closed_forms.saxton_rawls_points(40.0, 20.0, 2.0)
    assert dry == pytest.approx(1.14 * 0.13504 - 0.02, abs=1e-12)
    assert wet == pytest.approx(0.28976 + 1.283 * 0.28976**2 - 0.374 * 0.28976 - 0.015, abs=1e-12)
    span = 1.636 * 0.16808 - 0.107
    assert saturated == pytest.approx(wet + span - 0.097 * 0.4 + 0.043, abs=1e-12)


def test_the_curve_of_saxton_and_rawls_holds_its_points() -> None:
    points = closed_forms.saxton_rawls_points(40.0, 20.0, 2.0)
    unknown = np.array([np.nan])
    curve = closed_forms.saxton_rawls2006(
        np.array([40.0]), np.array([20.0]), np.array([2.0]), unknown
    )[:4]
    for suction_cm, expected in zip((15_296.0, 336.5, 0.0), points, strict=True):
        assert theta_from_psi(np.array([-suction_cm]), *curve)[0] == pytest.approx(
            float(expected), abs=1e-9
        )


@pytest.mark.parametrize(
    ("name", "columns"), [("rosetta3_h3", 4), ("rosetta3_h4", 5), ("rosetta3_h5", 6)]
)
def test_packed_networks_are_rosetta_itself(name: str, columns: int) -> None:
    # rosetta-soil 0.3.2 called directly, 60 random soils; single precision keeps 1e-5.
    rosetta = pytest.importorskip("rosetta").rosetta
    rng = np.random.default_rng(3)
    wet = rng.uniform(0.15, 0.4, 60)
    rows = np.column_stack(
        [rng.dirichlet([1.2] * 3, 60) * 100, rng.uniform(0.9, 1.8, 60), wet, 0.5 * wet]
    )[:, :columns]
    mean, spread, codes = rosetta(3, rows.tolist(), estimate_type="log")
    assert set(codes) == {columns - 1}
    ours, ours_spread = rosetta_networks(name, list(rows.T))
    assert ours[:2] == pytest.approx(mean[:, :2].T, rel=1e-5)
    assert np.log10(ours[2:] / [[1.0], [1.0], [10.0]]) == pytest.approx(mean[:, 2:5].T, abs=1e-5)
    assert ours_spread == pytest.approx(spread[:, :5].T, abs=2e-3)  # theirs divides by 999


@pytest.mark.parametrize("name", PTF_NAMES)
def test_every_function_gives_five_possible_parameters(name: str) -> None:
    theta_r, theta_s, alpha, n, ks = PEDOTRANSFERS[name].predict(LOAM)[:, 0]
    assert 0.0 <= theta_r < theta_s < 0.6
    assert alpha > 0.0
    assert n > 1.0
    assert 1.0 < ks < 5000.0


def test_missing_and_impossible_properties_are_told_apart() -> None:
    layers = {name: np.repeat(values, 4) for name, values in LOAM.items()}
    layers["bd_g_cm3"] = np.array([1.4, np.nan, 14.0, 1.4])
    layers["theta_1500kpa"] = np.array([0.12, 0.12, 0.12, 0.26])  # above the 0.25 at 33 kPa
    found = PEDOTRANSFERS["rosetta3_h5"].refusals(layers)
    missing, wrong = Refusal.PTF_INPUT_MISSING, Refusal.PTF_INPUT_IMPOSSIBLE
    assert found.tolist() == [0, missing, wrong, wrong]


@pytest.mark.parametrize("name", [name for name in PTF_NAMES if PEDOTRANSFERS[name].needs])
def test_a_table_without_what_a_function_needs_is_refused_in_words(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "t.csv").write_text("site,depth_cm,sand,silt,clay\na,0-20,40,40,20\n")
    words = [str(tmp_path / "t.csv"), "--out", str(tmp_path / "s.parquet"), "--ptf", name]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 1  # the runner's own, of the error the command line puts into words
    assert "none of the 1 sites is usable" in str(done.exception)
    assert "PTF_INPUT_MISSING" in str(done.exception)


def test_stones_take_their_volume() -> None:
    # A third of the volume: water times 2/3, Ks times 2 (2/3) / (7/3) = 4/7, bulk density
    # 1.325 * 2/3 + 2.65 / 3.
    assert stone_volume(np.array([50.0]), np.array([1.325]))[0] == pytest.approx(100.0 / 3.0)
    whole, bd, notes = with_stones(
        np.array([[0.06], [0.45], [0.02], [1.4], [70.0]]), np.array([1.325]), np.array([100 / 3])
    )
    assert whole[:, 0] == pytest.approx([0.04, 0.30, 0.02, 1.4, 40.0])
    assert bd == pytest.approx([1.325 * 2 / 3 + 2.65 / 3])
    assert (notes.before[0], notes.after[0]) == pytest.approx((0.45, 0.30))


TABLE = """site,depth_cm,sand,silt,clay,bd_g_cm3,om_pct,theta_33kpa,theta_1500kpa
a,0-20,40,40,20,1.4,2.0,0.25,0.12
b,0-20,20,60,20,,1.0,0.30,0.14
c,0-20,80,32,0,1.5,1.0,0.10,0.04
"""


def _soils(folder: Path, *options: str):
    import polars as pl

    (folder / "t.csv").write_text(TABLE)
    out = folder / "soils.parquet"
    done = CliRunner().invoke(
        command, [str(folder / "t.csv"), "--out", str(out), "--force", *options]
    )
    return done, pl.read_parquet(out), pl.read_parquet(folder / "soils.refused.parquet")


def test_a_layer_without_bulk_density_is_refused_by_name_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    done, soils, refused = _soils(tmp_path, "--ptf", "wosten1999", "--max-refused-pct", "100")
    assert done.exit_code == 0
    assert soils["site_id"].to_list() == ["a"]
    assert dict(zip(refused["site_id"], refused["reason"], strict=True)) == {
        "b": "PTF_INPUT_MISSING",
        "c": "TEXTURE_NOT_CLOSED",  # 112 %
    }
    assert "organic matter" in refused["message"][0]


def test_filling_is_noted(tmp_path: Path) -> None:
    import polars as pl

    options = ("--ptf", "wosten1999", "--fill-inputs", "--max-refused-pct", "100")
    _, soils, _ = _soils(tmp_path, *options)
    assert soils["site_id"].to_list() == ["a", "b"]
    notes = pl.read_parquet(tmp_path / "soils.adjustments.parquet")
    filled = notes.filter(pl.col("rule") == "BD_FROM_TEXTURE").row(0, named=True)
    # Saxton and Rawls's normal density for sand 20, clay 20, organic matter 1 %.
    expected = closed_forms.normal_density_g_cm3(20.0, 20.0, 1.0)
    assert (filled["site_id"], filled["before"]) == ("b", None)
    assert filled["after"] == pytest.approx(float(expected))


def test_saturation_is_capped_by_bulk_density(tmp_path: Path) -> None:
    import polars as pl

    table = tmp_path / "t.csv"
    table.write_text("site,depth_cm,sand,silt,clay,bd\ndense,0-20,40,40,20,1.7\n")
    out = tmp_path / "soils.parquet"
    CliRunner().invoke(command, [str(table), "--out", str(out), "--ptf", "rosetta3"])
    # 1 - 1.7 / 2.65; texture alone gives 0.404.
    assert pl.read_parquet(out)["sat"][0] == pytest.approx(1.0 - 1.7 / 2.65)
