"""Click to mask: assistants that turn clicks into masks, what they need installed, and how good they are."""
