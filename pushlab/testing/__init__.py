"""What a transport must do, as tests that anybody's transport can inherit.

::

    from pushlab.testing import TransportContract

    class TestCarrierPigeon(TransportContract):
        transport = "carrier-pigeon"

Run it with pytest; no plug-in of pytest's is needed.
"""

from pushlab.testing.judge import ContractBroken
from pushlab.testing.null import Null
from pushlab.testing.suite import TransportContract

__all__ = ["ContractBroken", "Null", "TransportContract"]
