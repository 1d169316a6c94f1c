"""What the verbs of ``rootzone surface`` do for a campaign of DeepSoil's surface half."""

from rootzone.surface.extents.evaluate import evaluate, table_text
from rootzone.surface.extents.inputs import make_inputs
from rootzone.surface.extents.plan import plan
from rootzone.surface.extents.run_maps import at_point, make_maps
from rootzone.surface.extents.run_training import train_all

__all__ = ["at_point", "evaluate", "make_inputs", "make_maps", "plan", "table_text", "train_all"]
