"""Data in: media decoding and, later, data sets. Does not import the models layer."""
