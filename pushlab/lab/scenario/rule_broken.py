"""What is told of a scenario whose values do not go together: which one to change, and why."""

from collections.abc import Callable

from pushlab.errors import ScenarioError

__all__ = ["RuleBroken"]


class RuleBroken(ScenarioError):
    """Two values do not go together; the text begins with the key of one.

    Attributes:
        key: of the value to change.
        text: what is wrong with it.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(f"{key}: {text}")
        self.key, self.text = key, text

    def at(self, where: Callable[[str], str]) -> ScenarioError:
        """The same, told of a file or a flag."""
        return ScenarioError(f"{where(self.key)}: {self.text}")
