"""From a folder of images to masks you can trust, on the machine you have."""
