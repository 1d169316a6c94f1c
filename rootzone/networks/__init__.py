"""Networks, their losses, the training loop, checkpoints and bundles, for any depth."""

import os

# torch's threads wait for each other at the end of every layer. By default they spin while they
# wait, which on a machine that runs anything else made training 13 times slower with two threads
# (5 against 66 tiles a second). It is read when torch is first imported, so it stands here.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
