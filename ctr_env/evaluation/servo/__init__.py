"""Closed-loop evaluation: episodes, metrics, plots, videos."""
