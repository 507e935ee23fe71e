"""The studio: a local page that is a face of the runs below a folder."""
