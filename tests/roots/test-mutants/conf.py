"""A project whose mutants meet every fate."""

fieldbook_areas = {"numbers": "What one number says of many."}
