"""The simulated world: room, furniture, calibration board, scene state."""
