"""The simulated world: room, furniture, calibration board, camera, and the state of a scene."""
