"""Settings of all tests."""

from hypothesis import HealthCheck, settings

# Whether a test passes must not depend on how busy the machine is.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
