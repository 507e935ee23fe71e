"""Feature maps on which pictures are compared."""
