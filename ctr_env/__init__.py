"""Visual servoing with a learned camera-to-robot pose, as Gymnasium environments.

Importing the package registers its environments: ``gymnasium.make("ctr_env/PandaServo-v0")`` and its siblings.
"""

from __future__ import annotations

from pathlib import Path

from ._graphics import choose_backend
from ._registration import register_environments

__version__ = "0.1.0"

# In a source checkout the sub-packages scenes, estimators and controllers lie beside this folder, not in it.
_checkout = Path(__file__).resolve().parent.parent
if not (Path(__file__).parent / "scenes").is_dir() and (_checkout / "scenes" / "__init__.py").is_file():
    __path__.append(str(_checkout))

choose_backend()
register_environments()
