"""The work: the open-loop publisher, the swarm of subscribers, and what they note down."""
