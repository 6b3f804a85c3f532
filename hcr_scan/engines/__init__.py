"""Where pages run: in this process, in worker processes here, or elsewhere."""
