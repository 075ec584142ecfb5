"""Every suite, in the order in which they run."""

from conformance.http.suite import RequestShapes
from conformance.model import Suite

__all__ = ["SUITES"]

SUITES: tuple[type[Suite], ...] = (RequestShapes,)
