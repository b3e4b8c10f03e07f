"""Everything a training will do, and why."""
