"""Many worlds of one scene on one device: MuJoCo Warp's physics and its batch renderer."""
