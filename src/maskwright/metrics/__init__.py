"""Scores that say what they mean: every number with its rule."""
