"""Glue's data quality rules, as far as Studio's scripts use them by default."""
