"""Video files and folders of images."""
