"""Whether the latency that pushlab reports is the latency on the wire, as a packet capture has it."""
