"""Training of networks: supervised, and self-training on unlabelled images."""
