"""The page that shows what a run did and what it is worth."""
