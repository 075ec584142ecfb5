"""The experiment: scenario, schedule, swarm, publisher, runner. It measures and judges nothing."""
