"""Randomisation: distributions, fields, presets, and the application of draws to a scene."""
