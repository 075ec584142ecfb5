"""What every test shares: hypothesis without time limits and without files of its own."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "pushlab",
    deadline=None,  # a slow machine is not a failing test
    database=None,  # parallel workers share no files
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("pushlab")
