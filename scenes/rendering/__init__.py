"""Rendering with OpenGL, Filament or Mitsuba, and camera effects."""
