"""Glue's transforms by machine learning: refused by name."""
