"""``servo-bench-v1``: scenarios, perturbations, statistics and frozen study files."""
