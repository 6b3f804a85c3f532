"""Object stores: what is in them, copies of that on this machine while it is read, and outputs on their way there."""
