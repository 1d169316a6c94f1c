"""What the verbs of ``rootzone surface`` do for a campaign of SMAP."""

from rootzone.surface.chain.evaluate import evaluate, table_text
from rootzone.surface.chain.plan import plan
from rootzone.surface.chain.run_maps import at_point, make_maps
from rootzone.surface.chain.run_training import train_all

__all__ = ["at_point", "evaluate", "make_maps", "plan", "table_text", "train_all"]
