"""The servoing benchmark: scenarios, perturbations, systems, statistics."""
