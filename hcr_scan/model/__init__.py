"""The model bundle, the classifiers that run it, and what their logits mean."""
