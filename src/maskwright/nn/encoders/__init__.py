"""Encoders: from an image to maps of ever coarser resolution, all under one contract."""
