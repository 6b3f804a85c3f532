"""Where pages run: in worker processes here, or elsewhere."""
