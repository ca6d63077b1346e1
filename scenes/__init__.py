"""Robots, cameras, randomisation and renderers: everything that makes a MuJoCo world and a image of it."""
