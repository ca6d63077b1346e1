"""Silhouettes of a robot: their contours in an image, and the pose that aligns them with a mask."""
