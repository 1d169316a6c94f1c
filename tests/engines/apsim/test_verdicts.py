from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rootzone.engines.apsim.verdicts import (
    errors_on_console,
    failure_class_of,
    message_kinds,
    own_words,
)
from rootzone.engines.failures import FailureClass

# Case of reference/apsim/error_cases.parquet -> what it is, judged from the planted fault.
STOPPED = {
    "LL15>DUL layer 3": FailureClass.NO_CONVERGENCE,
    "LL15==DUL layer 3": FailureClass.NO_CONVERGENCE,
    "DUL>SAT layer 3": FailureClass.NO_CONVERGENCE,
    "DUL==SAT layer3": FailureClass.NO_CONVERGENCE,
    "SW0>SAT": FailureClass.NO_CONVERGENCE,
    "KS zero": FailureClass.NO_CONVERGENCE,
    "KDul zero": FailureClass.NO_CONVERGENCE,
    "PSIDul positive": FailureClass.NO_CONVERGENCE,
    "nodes not monotone 100,50,..": FailureClass.NO_CONVERGENCE,
    "LL15=0": FailureClass.BAD_STATE,
    "DTMax 0": FailureClass.ZERO_TIME_STEP,
    "no SurfaceOrganicMatter": FailureClass.SETUP_ERROR,
    "no Nutrient": FailureClass.SETUP_ERROR,
    "no Summary": FailureClass.SETUP_ERROR,
    "no DataStore": FailureClass.SETUP_ERROR,
    "no Weather": FailureClass.SETUP_ERROR,
    "no NO3": FailureClass.SETUP_ERROR,
    "no PlantAvailableNO3": FailureClass.SETUP_ERROR,
    "no Organic": FailureClass.SETUP_ERROR,
    "no Chemical": FailureClass.SETUP_ERROR,
    "no Temperature": FailureClass.SETUP_ERROR,
    "no Physical": FailureClass.SETUP_ERROR,
    "no Swim3": FailureClass.SETUP_ERROR,
    "LL15 array one short": FailureClass.SETUP_ERROR,
    "Version 78": FailureClass.SETUP_ERROR,
    "Version 213": FailureClass.SETUP_ERROR,
    "modern weather type": FailureClass.SETUP_ERROR,
    "event name bad": FailureClass.SETUP_ERROR,
    "residue type unknown": FailureClass.SETUP_ERROR,
    "residue 2000 kg/ha": FailureClass.SETUP_ERROR,
    "two layers": FailureClass.SETUP_ERROR,
    "start before met": FailureClass.FORCING_MISSING,
    "end after met": FailureClass.FORCING_MISSING,
    "met file absent": FailureClass.FORCING_MISSING,
    "met without radn": FailureClass.FORCING_MISSING,
    "met without maxt": FailureClass.FORCING_MISSING,
    "met without mint": FailureClass.FORCING_MISSING,
    "met without rain": FailureClass.FORCING_MISSING,
    "met gap (one day removed)": FailureClass.FORCING_GAP,
    "met duplicate day": FailureClass.FORCING_GAP,
    "met no units line": FailureClass.FORCING_VALUE,
    "met text in rain": FailureClass.FORCING_VALUE,
    "met -999 maxt": FailureClass.FORCING_VALUE,
    "met short row": FailureClass.FORCING_VALUE,
    # APSIM only says "Object reference not set": its own words are kept, the class stays general.
    "KS null": FailureClass.ENGINE_ERROR,
    "Sample SW NaN": FailureClass.ENGINE_ERROR,
    "no Sample node": FailureClass.ENGINE_ERROR,
    "no Clock": FailureClass.ENGINE_ERROR,
    "met no latitude": FailureClass.ENGINE_ERROR,
    "one layer": FailureClass.ENGINE_ERROR,
}


def test_every_fault_that_stopped_real_apsim_gets_its_class(shared: Path) -> None:
    cases = pl.read_parquet(shared / "reference/apsim/error_cases.parquet")
    stopped = cases.filter(pl.col("exit_code") == "1")
    assert stopped.height > 80
    wrong = {}
    for case, console in stopped.select("case", "console").iter_rows():
        text = "\n".join(errors_on_console(console.replace(" | ", "\n"))) or console
        found = failure_class_of(text)
        if found != STOPPED.get(case):
            wrong[case] = (found, console)
    assert wrong == {}


def test_a_file_that_is_too_new_is_told_apart() -> None:
    # Text from reference/apsim README, "What a writer must get right".
    text = (
        "System.Exception: Error in file: /x/run.apsimx\n"
        " ---> System.Exception: File version is greater than the latest file version\n"
    )
    told = " | ".join(errors_on_console(text))
    assert failure_class_of(told) == FailureClass.ENGINE_VERSION


def test_apsims_own_words_are_kept_without_paths_and_stack() -> None:
    # As APSIM writes it into _Messages.
    text = (
        "ERROR in file: /scratch/e02.apsimx\nSimulation name: s\n"
        "System.Exception: Swim failed to find solution\n   at Models.Soils.Swim3.OnProcess()"
    )
    assert own_words(text) == "System.Exception: Swim failed to find solution"


@pytest.mark.parametrize("text", ["", "Something new went wrong"])
def test_words_we_do_not_know_are_an_engine_error(text: str) -> None:
    assert failure_class_of(text) == FailureClass.ENGINE_ERROR


def test_kinds_of_messages_are_told_by_what_they_say() -> None:
    error = "ERROR in file: x.apsimx\nSystem.Exception: Swim failed to find solution"
    json_error = "Newtonsoft.Json.JsonReaderException: Unterminated string"
    old, new = (2, 1), (0, 1)
    # 2020: information 0 (the summary), warning 1, error 2.
    assert message_kinds([(0, "\n"), (0, "Initial conditions"), (2, error)]) == old
    assert message_kinds([(2, error)]) == old
    # Since about 2022: error 0, warning 1, information 2, diagnostic 3.
    assert message_kinds([(1, "Initial area"), (2, "A crop was sown"), (3, "160 kg")]) == new
    assert message_kinds([(0, error), (2, "Simulation terminated normally")]) == new
    assert message_kinds([(0, json_error)]) == new
    assert message_kinds([(2, "Simulation terminated normally")]) == new
    assert message_kinds([]) == new


def test_reasons_of_other_libraries_are_kept_without_our_scratch_folder() -> None:
    console = (
        "System.Exception: Error in file:/tmp/rootzone-apsim-h-1-ab/run.apsimx\n ---> "
        "Newtonsoft.Json.JsonSerializationException: Could not find type 'Models.Climate.Weather'"
    )
    text = own_words(" | ".join(errors_on_console(console)))
    assert "Could not find type 'Models.Climate.Weather'" in text
    assert "rootzone-apsim" not in text
    assert failure_class_of(text) == FailureClass.SETUP_ERROR
