"""Randomisation: distributions, fields, presets."""
