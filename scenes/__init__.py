"""MuJoCo scenes: robots, the world around them, its randomisation, and renderers."""
