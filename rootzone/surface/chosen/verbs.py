"""What the verbs of ``rootzone surface`` do for a campaign of the system ``select``."""

from rootzone.surface.chosen.evaluate import evaluate, table_text
from rootzone.surface.chosen.plan import plan
from rootzone.surface.chosen.run_maps import at_point, make_maps
from rootzone.surface.chosen.run_training import train_all

__all__ = ["at_point", "evaluate", "make_maps", "plan", "table_text", "train_all"]
