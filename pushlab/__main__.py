"""``python -m pushlab`` is the command ``pushlab``."""

import sys

from pushlab.cli import main

sys.exit(main())
