"""Objects of other libraries: they are read as what they hold, and samples come back as they came.

Each library has a file here and a line of `families.FAMILIES`. None is imported before an object of
it arrives.
"""
