"""Surface (5 cm) soil moisture, which can feed the root-zone network."""

# Before torch: it sets how torch's threads wait.
from rootzone import networks as networks
