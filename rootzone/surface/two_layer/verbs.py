"""What the verbs of ``rootzone surface`` do for a campaign of two layers."""

from rootzone.surface.two_layer.evaluate import evaluate, table_text
from rootzone.surface.two_layer.plan import plan
from rootzone.surface.two_layer.run_maps import at_point, make_maps
from rootzone.surface.two_layer.run_training import train_all

__all__ = [
    "at_point", "evaluate", "make_maps", "plan", "table_text", "train_all",
]  # fmt: skip
