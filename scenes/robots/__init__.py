"""Robots: descriptions, meshes, kinematics, surfaces."""
