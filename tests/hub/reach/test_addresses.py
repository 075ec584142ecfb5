from pushlab.hub.reach.addresses import address_key


def test_an_address_of_ipv6_is_the_network_that_its_client_has_whole():
    assert address_key("2001:db8:1:2:3:4:5:6") == address_key("2001:db8:1:2::1")
    assert address_key("2001:db8:1:2::1") != address_key("2001:db8:1:3::1")
    assert address_key("fe80::1%eth0") == "fe80::/64"


def test_one_of_ipv4_is_itself_however_it_is_written():
    assert address_key("::ffff:192.0.2.1") == address_key("192.0.2.1") == "192.0.2.1"


def test_what_is_no_address_is_itself():
    assert address_key("") == ""
    assert address_key("no:address") == "no:address"
