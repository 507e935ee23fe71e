"""Serving: a model behind an address, which draws samples on request."""
