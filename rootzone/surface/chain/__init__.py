"""From a campaign's section ``surface`` to samples, networks, skill and maps."""
