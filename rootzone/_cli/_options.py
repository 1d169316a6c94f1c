"""Options that several verbs share: one name, one wording and one environment variable each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

campaign_argument = click.argument("campaign", type=click.Path(path_type=Path))

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="ROOTZONE_DATA",
    help="Folder the catalog's paths start from.  [default: data beside the campaign file; "
    "ROOTZONE_DATA]",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Report on stdout as JSON.")

force_option = click.option("--force", is_flag=True, help="Replace what is there already.")

device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    help="Where it is computed; cuda: on NVIDIA GPUs.  [default: cpu, or what the engine's "
    "settings say]",
)

gpu_rate_option = click.option(
    "--gpu-rate",
    type=click.FloatRange(0, min_open=True),
    metavar="RATE",
    help="Site-years a GPU computes in a second, measured.  [default: what "
    "benchmarks/gpu_engine.py --record kept]",
)

threads_option = click.option(
    "--threads", type=click.IntRange(1), help="Threads.  [default: the cores of this process]"
)

cores_option = click.option(
    "--cores", type=click.IntRange(1), help="Cores.  [default: those given to this process]"
)

run_option = click.option(
    "--run", default="main", show_default=True, help="Name of the training run."
)

set_option = click.option(
    "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Change a setting; see below."
)


def engine_options(*, physics: str | None) -> Callable[[F], F]:
    """``--physics`` and ``--stepping`` of the embedded engine.

    Parameters
    ----------
    physics : str or None
        The default; None where the soils table decides.
    """

    def add(function: F) -> F:
        told = "Default: what SOILS has columns for; van_genuchten where it has both."
        function = click.option(
            "--stepping",
            type=click.Choice(["converged", "apsim"]),
            default="converged",
            show_default=True,
            help="converged: the error is controlled; apsim: APSIM's step rules and its answers.",
        )(function)
        return click.option(
            "--physics",
            type=click.Choice(["van_genuchten", "swim3"]),
            default=physics,
            show_default=physics is not None,
            help="Hydraulic functions and grid." + ("" if physics else f" {told}"),
        )(function)

    return add
