"""The hub beside nginx with the nchan module, and beside Mosquitto: work per server CPU second."""
