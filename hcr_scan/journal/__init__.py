"""A run's journal beside its output: one record a page as it is done, from which a later run goes on."""
