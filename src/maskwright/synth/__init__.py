"""Scenes that are drawn with their labels: recipes, what they are drawn with, and objects pasted onto other images."""
