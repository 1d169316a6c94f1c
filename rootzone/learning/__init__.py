"""From sparse labels to a field: scene, samples, training, evaluation, points."""

# Before torch: it sets how torch's threads wait.
from rootzone import networks as networks
