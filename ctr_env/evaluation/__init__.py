"""Evaluation: closed loop (servo) and single frames (pose)."""
