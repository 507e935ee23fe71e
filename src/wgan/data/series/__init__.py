"""Series: the codec, and what reads and draws them."""
