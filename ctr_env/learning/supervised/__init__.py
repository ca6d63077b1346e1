"""Supervised training on synthetic images (pretraining)."""
