from pushlab.contract.broker_access import BrokerAccess


def test_the_bridges_password_is_in_no_repr():
    access = BrokerAccess("remote", "127.0.0.1", 1883, "bridge", "hunter2")
    assert "hunter2" not in repr(access)
