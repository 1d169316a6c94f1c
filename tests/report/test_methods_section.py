from __future__ import annotations

from rootzone.campaign.model import Engine
from rootzone.engines.kinds import kind_of
from rootzone.report.methods_section import methods_text
from rootzone.report.read_inputs import ReportInputs
from rootzone.report.references import REFERENCES, cited


def test_only_what_was_run_is_described(bare: ReportInputs) -> None:
    text = "\n".join(methods_text(bare))
    assert "Rosetta 3" in text  # soils are there
    for absent in ("Richards", "U-Net", "Maps at", "LightGBM", "Labels are"):
        assert absent not in text, absent


def test_settings_come_from_the_resolved_campaign(finished: ReportInputs) -> None:
    text = "\n".join(methods_text(finished))
    for fact in (
        "5 days of spin-up",  # the campaign's own
        "at least 2 sites a stratum (seed 1)",  # defaults
        "probability 0.2",
        "11 sites finished; 8.33 % of those tried failed",  # 1 of 12
        "1 station of USCRN (Bell et al. 2013)",
        f"digest {finished.digest}",
    ):
        assert fact in text, fact


def test_every_citation_of_a_finished_campaign_has_its_work(finished: ReportInputs) -> None:
    works = cited("\n".join(methods_text(finished)))
    for name in ("van Genuchten", "Mualem", "Zhang", "Richards", "Ronneberger", "Ke,", "Lei,"):
        assert any(work.startswith(name) for work in works), name
    assert not any(work.startswith("Huth") for work in works)  # SWIM3's curves were not used


def test_a_key_names_the_year_and_the_first_author_of_its_work() -> None:
    for key, work in REFERENCES.items():
        assert f"({key[-4:]})" in work, key
        assert work.split(",")[0] in key, key


def test_evaporation_is_told_as_the_settings_have_it() -> None:
    # docs/engine.md: van_genuchten gives up to the demand while the surface is wetter than
    # surface_dry_psi_cm; swim3 scales by the humidity of the surface. Neither has two stages.
    column = kind_of("swim").evaporation(Engine(physics="van_genuchten"))
    assert "wetter than a head of" in column
    own = Engine(physics="van_genuchten", settings={"surface_dry_psi_cm": -12345.0, "snow": True})
    assert "-12,345 cm" in kind_of(own.name).evaporation(own)
    assert "snow kept in a degree-day store" in kind_of(own.name).evaporation(own)
    for engine in (Engine(physics="swim3"), Engine(name="apsim", physics="swim3")):
        assert "relative humidity of the soil's surface" in kind_of(engine.name).evaporation(engine)
    for engine in (own, Engine(physics="swim3")):
        assert "two stages" not in kind_of(engine.name).evaporation(engine)
