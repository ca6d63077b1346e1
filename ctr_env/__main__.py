"""``python -m ctr_env`` is the ``ctr-env`` command."""

import sys

from .cli import main

sys.exit(main())
