"""Whether the latency that pushlab reports is that on the wire, as a packet capture has it."""
