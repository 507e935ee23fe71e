"""Serving: a model behind an address, which draws samples for whoever asks."""
