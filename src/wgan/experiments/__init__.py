"""Experiments: comparisons of settings over seeds, and the claims that can be seen."""
