"""Studies: axes, systems and seeds in one file, one row per episode."""
