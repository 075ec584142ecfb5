"""What a transport costs a phone: radios as state machines, driven by times of traffic."""
