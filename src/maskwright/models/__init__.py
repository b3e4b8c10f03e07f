"""Whole networks; each is a config that builds it."""
