"""From recordings, tables, images and texts to training and test parts."""
