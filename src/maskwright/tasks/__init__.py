"""How a segmentation becomes a target and an output becomes a segmentation."""
