"""From samples to batches: crops, augmentation, repeatable order."""
