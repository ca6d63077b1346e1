"""Visual servoing with a learned camera-to-robot pose, as Gymnasium environments."""

from __future__ import annotations

from pathlib import Path

__version__ = "0.1.0"

# In a source checkout the sub-packages scenes, estimators and controllers lie beside this folder, not in it.
_checkout = Path(__file__).resolve().parent.parent
if not (Path(__file__).parent / "scenes").is_dir() and (_checkout / "scenes" / "__init__.py").is_file():
    __path__.append(str(_checkout))
