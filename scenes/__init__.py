"""Robots, cameras, randomisation and renderers: everything that makes a MuJoCo world and an image of it."""
