"""What a transport or a backplane must do, as tests that anybody's can inherit.

::

    from pushlab.testing import TransportContract

    class TestCarrierPigeon(TransportContract):
        transport = "carrier-pigeon"

Run it with pytest; no plug-in of pytest's is needed.
"""

from pushlab.testing.backplane_suite import BackplaneContract
from pushlab.testing.judge import ContractBroken
from pushlab.testing.null import Null
from pushlab.testing.suite import TransportContract

__all__ = ["BackplaneContract", "ContractBroken", "Null", "TransportContract"]
