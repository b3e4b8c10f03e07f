"""What everything stands on: errors, files, journals, random streams."""
