"""Whose numbers a question has: a seed of the teacher's, and the student's own name.

A teacher sets ``PUSHLAB_COURSE_VARIANTS`` to a seed, such as a year, where the kernels start. On a
JupyterHub the student's name is known; nbgrader, when it grades, works in a folder of that name.
"""

import os
from pathlib import Path

__all__ = ["VARIANTS", "own_variant", "student"]

#: A seed of the teacher's; empty: everybody has the course's own numbers.
VARIANTS = "PUSHLAB_COURSE_VARIANTS"


def own_variant() -> str:
    """The variant of whoever works here, such as ``2026/anna``; empty without a seed or a name."""
    seed, name = os.environ.get(VARIANTS, "").strip(), student()
    return f"{seed}/{name}" if seed and name else ""


def student() -> str:
    """The student's name: of the folder that nbgrader grades in, or of the hub's user; or none."""
    if os.environ.get("NBGRADER_EXECUTION"):
        here = Path.cwd().parts  # .../autograded/anna/01_short_polling
        for place in ("autograded", "submitted"):
            if place in here[:-1]:
                return here[len(here) - here[::-1].index(place)]
    return os.environ.get("JUPYTERHUB_USER", "").strip()
