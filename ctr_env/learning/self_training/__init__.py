"""Self-training on unlabelled images (adaptation)."""
