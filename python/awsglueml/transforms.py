"""FindMatches, FindIncrementalMatches, FillMissingValues, EntityDetector: models of AWS's own."""

from awsglue.transforms import FillMissingValues, FindIncrementalMatches, FindMatches, _refused

EntityDetector = _refused("EntityDetector", "write F.regexp_replace(…) for the patterns that are to be found")

__all__ = ["EntityDetector", "FillMissingValues", "FindIncrementalMatches", "FindMatches"]
