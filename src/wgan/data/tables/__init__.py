"""Tables of mixed columns: schema, inference, codec, files, drawings, and conditions."""
