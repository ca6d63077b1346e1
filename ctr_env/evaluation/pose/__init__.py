"""Evaluation of single-frame poses: metrics, plots, sheets."""
