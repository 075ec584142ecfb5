"""MQTT brokers: started, probed, logged in to."""
