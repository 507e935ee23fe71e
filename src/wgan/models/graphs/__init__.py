"""Graphs: decoders of each kind of data as layers, so that a network and its decoder are one."""
