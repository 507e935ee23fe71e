"""Ground floor of the package: errors, files, random streams, intervals, provenance, progress.

It imports no stage of wgan, and neither torch nor scipy.stats until a function needs them
(`tensors`, which reads and writes torch's tensors, is the exception).
"""
