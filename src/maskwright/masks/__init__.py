"""Segmentations as values: label maps, instances, panoptic maps, and what can be done to them without a network."""
