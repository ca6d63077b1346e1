"""Synthetic labelled frames: sampling, generation, backgrounds."""
