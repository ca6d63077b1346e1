"""Poses over time: many frames tell more than one."""
