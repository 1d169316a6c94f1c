"""Where everything of a campaign lies: the one place that builds its paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """Folders and files of one campaign.

    Nothing is made by naming it; writers make the folders they need.

    Parameters
    ----------
    root : Path
        Folder that holds everything the campaign writes.

    Examples
    --------
    >>> Workspace.beside(Path("boulder/campaign.yaml")).soils.as_posix()
    'boulder/soils/soils.parquet'
    """

    root: Path

    @classmethod
    def beside(cls, campaign_file: Path) -> Workspace:
        """Workspace in the folder of a campaign file."""
        return cls(campaign_file.parent)

    @property
    def resolved_campaign(self) -> Path:
        """Campaign with every default filled in, as it was run."""
        return self.root / "resolved_campaign.yaml"

    @property
    def covariates(self) -> Path:
        """Folder of rasters and tables on the master grid."""
        return self.root / "covariates"

    def weather(self, year: int) -> Path:
        """Daily weather of all cells in one year."""
        return self.root / "weather" / f"weather_{year}.parquet"

    @property
    def surface(self) -> Path:
        """Folder of surface moisture: samples, networks, skill and maps."""
        return self.root / "surface"

    @property
    def sites(self) -> Path:
        """Drawn sites of all years."""
        return self.root / "sites" / "sites.parquet"

    @property
    def reserves(self) -> Path:
        """Ordered stand-ins of each stratum."""
        return self.root / "sites" / "reserves.parquet"

    @property
    def balance_report(self) -> Path:
        """How well the sites represent the land."""
        return self.root / "sites" / "balance.html"

    @property
    def site_textures(self) -> Path:
        """Texture of each site and layer, as the soils stage reads it."""
        return self.root / "soils" / "textures.parquet"

    @property
    def soils_spread(self) -> Path:
        """What quantiles of the soil product leave open, where it has them."""
        return self.root / "soils" / "spread.parquet"

    @property
    def soils(self) -> Path:
        """Guarded hydraulic parameters of each site and layer."""
        return self.root / "soils" / "soils.parquet"

    def member_layers(self, function: str) -> Path:
        """What one more pedotransfer function reads of each site and layer."""
        return self.root / "soils" / f"layers_{function}.parquet"

    @property
    def canaries(self) -> Path:
        """Answers of the fixed soils that run first everywhere."""
        return self.runs / "canaries.json"

    @property
    def runs(self) -> Path:
        """Folder of everything the runs write."""
        return self.root / "runs"

    @property
    def shard_sites(self) -> Path:
        """Sites in the order of the shards, and which shard each is in."""
        return self.runs / "shard_sites.parquet"

    @property
    def shard_soils(self) -> Path:
        """Soils in the order of the shards, a row group each."""
        return self.runs / "shard_soils.parquet"

    @property
    def run_lock(self) -> Path:
        """File a whole-campaign run holds locked, so that no second one writes beside it."""
        return self.runs / ".lock"

    @property
    def plan(self) -> Path:
        """What the last pilot said the campaign will cost."""
        return self.runs / "plan.json"

    @property
    def slurm_script(self) -> Path:
        """Array script that was handed to Slurm; its logs lie beside it."""
        return self.runs / "slurm" / "campaign.sbatch"

    def shard(self, number: int) -> Path:
        """Folder of one shard of the runs."""
        return self.runs / f"shard={number:05d}"

    def profiles(self, number: int) -> Path:
        """Daily profiles of one shard."""
        return self.shard(number) / "profiles.parquet"

    def ledger(self, number: int) -> Path:
        """Attempts and outcomes of one shard."""
        return self.shard(number) / "ledger.parquet"

    @property
    def quarantine(self) -> Path:
        """Folder of what was decided about failed sites."""
        return self.root / "quarantine"

    @property
    def rounds(self) -> Path:
        """Sites to run besides the drawn ones: retries and stand-ins, round by round."""
        return self.quarantine / "rounds.parquet"

    @property
    def labels(self) -> Path:
        """Folder of labels, partitioned by year and month."""
        return self.root / "labels"

    @property
    def label_spread(self) -> Path:
        """Folder of what labels differ by between pedotransfer functions, year by year."""
        return self.root / "labels_spread"

    @property
    def physics(self) -> Path:
        """Folder of physics at every pixel: anchor columns of each weather cell and year."""
        return self.root / "physics"

    @property
    def land(self) -> Path:
        """Rasters the network reads, all bands on the master grid."""
        return self.covariates / "land.tif"

    @property
    def stations(self) -> Path:
        """Screened station values; their pixels and weather lie beside it."""
        return self.root / "stations" / "stations.parquet"

    def learning(self, run: str = "main") -> Path:
        """Folder of one training run: log, checkpoint, settings."""
        return self.root / "learning" / run

    def bundle(self, run: str = "main") -> Path:
        """Trained model of a run, ready to predict: weights, specification, card."""
        return self.learning(run) / "best"

    def evaluation(self, run: str = "main") -> Path:
        """Folder of a run's predictions and skill tables."""
        return self.learning(run) / "evaluation"

    @property
    def maps(self) -> Path:
        """Folder of maps, one file per date."""
        return self.root / "maps"

    @property
    def report(self) -> Path:
        """The report to open."""
        return self.root / "report" / "report.html"
