"""Lines of free writing, and their words. :mod:`.finding` asks the others."""
