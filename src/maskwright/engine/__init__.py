"""Training, prediction and evaluation of any task."""
