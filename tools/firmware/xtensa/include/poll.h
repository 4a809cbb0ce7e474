// MicroPython includes it, and uses nothing of it where there is no module select.
