"""``python -m pushlab.cli`` is the command ``pushlab``."""

import sys

from pushlab.cli import main

sys.exit(main())
