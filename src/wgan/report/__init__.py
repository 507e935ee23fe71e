"""What do the figures of a run mean? Results in words."""

from wgan.report.diagnosis import diagnose

__all__ = ["diagnose"]
