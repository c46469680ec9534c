"""What awsglue does, over DataFrames: paths, choices, records, sources, sinks, bookmarks."""
