"""What a network predicts with: PyTorch, or OpenVINO where it is installed."""
