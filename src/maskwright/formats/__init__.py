"""Files that hold images and segmentations, one module a format."""
