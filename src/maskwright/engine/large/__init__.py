"""Images of any size, predicted strip by strip: what is done outlives a kill, and memory follows tiles and not the image."""
