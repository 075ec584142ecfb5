"""The experiment: scenario, publish schedule, swarm, publisher, runner. It measures; it judges nothing."""
