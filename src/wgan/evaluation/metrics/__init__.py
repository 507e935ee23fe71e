"""Metrics of generated samples, one a file."""
