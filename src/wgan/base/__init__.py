"""The ground floor: errors, files, seeds, intervals, provenance and progress. It imports no
stage.
"""
