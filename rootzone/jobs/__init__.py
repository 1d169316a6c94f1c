"""Running a campaign: attempts, verification, shards, ledger and quarantine."""
