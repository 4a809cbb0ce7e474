"""Tools of this repository; nothing here goes into the package."""
