"""MQTT 3.1.1's packets: pushlab's codec beside the standard and beside mqtt-packet's."""
