from __future__ import annotations

from hypothesis import settings

# Machines that run the tests are shared: a slow moment is no failure.
settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")
