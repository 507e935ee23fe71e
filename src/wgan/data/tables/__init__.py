"""Tables of mixed columns: schema, inference, codec, files, and the states that training asks for."""
