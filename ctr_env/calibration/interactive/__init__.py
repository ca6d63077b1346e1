"""Interactive calibration: a local page that takes images, proposes joint configurations and calibrates."""
