"""Adapting a trained network to pictures that nobody labelled, by the robot's own silhouette."""
