"""Synthetic labelled frames: sampling, generation, backgrounds, clutter."""
