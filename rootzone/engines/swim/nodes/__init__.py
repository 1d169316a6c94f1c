"""SWIM3's nodes, one a layer: by APSIM's own step rules, or with steps held by their errors."""
