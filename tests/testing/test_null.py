from pushlab.testing import Null, TransportContract


class TestNull(TransportContract):
    transport = Null
    place = "in-process"
