"""What seals cost: processor time of writing and checking digests, as a share of the verbs'.

    python benchmarks/check_cost.py                                   # 100,000 site-years
    python benchmarks/check_cost.py --engine-site-years 400 1200      # a quick look

Simulate, labels and report run in this process on a campaign of one year, 12 layers and a year of
spin-up, the default, with the default engine, at two small numbers of site-years: what each further
one costs follows.
Processor time inside the seals (digests of content and footers, of every file that is written or
read) is taken by thread, so that other load on the machine has no part in the ratio.

The seals' own time on many site-years is measured, by sealing and checking as many copies of the
shard that the engine made as they have shards. Only the engine's time is multiplied.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _figures import Figures, parser
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared import seal
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.driver.run_campaign import run_campaign
from rootzone.jobs.driver.run_local import InThisProcess
from tests.jobs.synthetic import make_campaign

SPENT = {"s": 0.0}
_SEALED = rb"rzseal1:[0-9a-f]{64}:[0-9a-f]{16}:[0-9]{15}"


def timed(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, its processor time counted."""

    def counted(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        started = time.thread_time()
        try:
            return work(*given, **named)
        finally:
            SPENT["s"] += time.thread_time() - started

    return counted


def chain(folder: Path, site_years: int, spin_up_days: int) -> tuple[float, float]:
    """Processor time [s] of all, and of the seals, in simulate, labels and report."""
    file = make_campaign(folder, n_site=site_years, n_layer=12, spin_up_days=spin_up_days,
                         sites_per_shard=2500, n_cell=40)  # fmt: skip
    SPENT["s"] = 0.0
    started = sum(os.times()[:2])
    campaign = load_campaign(file).campaign
    run_campaign(campaign, Workspace.beside(file), InThisProcess(1))
    for words in (["labels", str(file), "--workers", "1"], ["report", str(file)]):
        done = CliRunner().invoke(cli, words)
        if done.exit_code:
            raise SystemExit(f"{words[0]}: {done.output} {done.exception}")
    return sum(os.times()[:2]) - started, SPENT["s"]


def sealed_and_checked(table: Path, site_years: float, of: int) -> float:
    """Processor time [s] of sealing and checking tables of so many site-years.

    A shard's table is sealed by `simulate` and checked by `labels`; so is every copy here. What
    `report` looks at does not grow with the shards.
    """
    copy = table.with_name("copy.parquet")
    empty = re.sub(_SEALED, seal.PLACE.encode(), table.read_bytes(), count=1)
    SPENT["s"] = 0.0
    for _ in range(round(site_years / of)):
        copy.write_bytes(empty)
        seal.seal(copy)
        seal._WHOLE.clear()
        if seal.damage(copy) is not None:
            raise SystemExit("a copy of the shard is not whole")
    copy.unlink()
    return SPENT["s"]


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--site-years", type=int, nargs="+", default=[20_000, 100_000])
    parsed.add_argument("--engine-site-years", type=int, nargs=2, default=[500, 2500])
    parsed.add_argument("--spin-up-days", type=int, default=365, help="A campaign's default.")
    parsed.add_argument("--folder", type=Path, help="Where the campaign is made for a while.")
    args = parsed.parse_args()
    for name in ("_sha256", "_footer", "_short", "_json_seal"):
        setattr(seal, name, timed(getattr(seal, name)))
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="rootzone-cost-", dir=args.folder) as scratch:
        chain(Path(scratch) / "first", 60, args.spin_up_days)  # compiled before the clock runs
        few, many = args.engine_site_years
        both = (chain(Path(scratch) / str(n), n, args.spin_up_days) for n in (few, many))
        whole, seals = zip(*both, strict=True)
        for n, all_s, seals_s in zip((few, many), whole, seals, strict=True):
            figures.add(f"{n:,} site-years: simulate, labels, report", all_s, "s")
            figures.add(f"{n:,} site-years: of it for seals", seals_s, "s")
        each_s = (whole[1] - whole[0]) / (many - few)
        rest_s = whole[0] - few * each_s
        table = next((Path(scratch) / str(many)).glob("runs/shard=*/profiles.parquet"))
        one_s = sealed_and_checked(table, many, many)
        figures.add(f"{many:,} site-years: seals of the profiles alone", one_s, "s")
        for n in args.site_years:
            of_tables = sealed_and_checked(table, n, many)
            of_others = (seals[1] - one_s) * n / many  # labels, inputs, the cut
            total = rest_s + each_s * n
            figures.add(f"{n:,} site-years: seals of the profiles, measured", of_tables, "s")
            figures.add(f"{n:,} site-years: all, at {1e3 * each_s:.2f} ms each", total, "s")
            share = 100.0 * (of_tables + max(of_others, 0.0)) / total
            figures.add(f"{n:,} site-years: share of the seals", share, "%", "< 2")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
