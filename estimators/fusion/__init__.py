"""Fusion of the poses of many frames."""
