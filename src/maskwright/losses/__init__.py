"""What training minimises: cross-entropy, Dice, focal loss, and sums of them."""
