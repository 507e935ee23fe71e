"""Feature maps on which images are compared."""
