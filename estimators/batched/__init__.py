"""Pose estimation for many worlds at once, as torch tensors on any device."""
