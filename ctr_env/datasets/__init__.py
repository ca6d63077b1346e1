"""Frames and where they come from: images, joint tables, camera files, data sets."""
