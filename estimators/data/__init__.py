"""Labelled pictures: drawing them in the simulator, their files, and what training makes of them."""
