"""Rendering: OpenGL, Filament, Mitsuba, camera effects."""
