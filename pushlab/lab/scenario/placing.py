"""Where the roles of a trial run on a cluster, as a scenario says it: by the workers' labels."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from pushlab.contract.setting import Setting

__all__ = ["ClusterRoles"]

_label = partial(Setting, flag=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRoles:
    """Which workers may run what: the name of a Dask resource that they have; empty: any.

    Attributes:
        on_loss: what becomes of the run when a worker is lost.
    """

    server: Annotated[str, _label("the resource of workers for the system under test")] = ""
    broker: Annotated[
        str,
        _label(
            "the resource of workers for the MQTT broker, the embedded one then; empty: it stands"
            " beside the server"
        ),
    ] = ""
    publisher: Annotated[str, _label("the resource of workers for the publisher")] = ""
    swarm: Annotated[str, _label("the resource of workers for shares of the swarm")] = ""
    on_loss: Annotated[
        Literal["go-on", "stop"],
        _label("when a worker is lost: go on with the next trial on what is left, or stop"),
    ] = "go-on"
