"""What the verbs of ``rootzone surface`` do for a campaign of the multimodal system."""

from rootzone.surface.multimodal.evaluate import evaluate, missing_text, table_text
from rootzone.surface.multimodal.plan import plan
from rootzone.surface.multimodal.run_maps import at_point, make_maps
from rootzone.surface.multimodal.run_training import train_all

__all__ = ["at_point", "evaluate", "make_maps", "missing_text", "plan", "table_text", "train_all"]
