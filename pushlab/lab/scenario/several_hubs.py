"""What a hub of several processes shares: the backplane of a scenario."""

from pushlab.contract.setting import Setting
from pushlab.errors import MissingExtra, UsageError
from pushlab.hub.backplane.registry import MEMORY, OWN, backplane_class
from pushlab.lab.scenario.rule_broken import RuleBroken

__all__ = ["AUTO", "BACKPLANE", "check_backplane", "hub_backplane"]

AUTO = "auto"
BACKPLANE = Setting(
    "what hubs share. auto: memory for one, redis for several; redis: one that is started for the"
    " trial",
    pattern="^(auto|memory|redis)$|://",
    such="auto, memory, redis or a URL such as redis://host:6379",
)


def hub_backplane(backplane: str, workers: int) -> str:
    """What channels are in: ``memory``, ``redis`` (one of the trial's own), or a URL."""
    if backplane != AUTO:
        return backplane
    return MEMORY if workers == 1 else OWN


def check_backplane(backplane: str, workers: int) -> None:
    """Check that so many hubs have something to share. Raises RuleBroken, MissingExtra."""
    url = hub_backplane(backplane, workers)
    if "@" in url:
        raise RuleBroken(
            "backplane",
            "it has a user or a password in it, and scenarios are kept and shown; leave them out,"
            " and set PUSHLAB_BACKPLANE_PASSWORD",
        )
    if url == MEMORY and workers > 1:
        raise RuleBroken(
            "hub_workers",
            f"{workers} hubs need a backplane that they share, and memory is none; leave backplane"
            " out, or let it be redis",
        )
    if url == MEMORY:
        return
    try:
        backplane_class(url)
    except MissingExtra:
        raise
    except UsageError as error:
        raise RuleBroken("backplane", str(error)) from error
