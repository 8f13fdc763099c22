"""What all tests share: Hypothesis measures correctness here, not the speed of the machine."""

from hypothesis import settings

settings.register_profile("project", deadline=None)
settings.load_profile("project")
