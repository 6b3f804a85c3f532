"""Pages run on Ray: on a cluster that somebody operates, or on one of this machine that lives as long as the run."""
