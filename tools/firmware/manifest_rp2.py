# The Python frozen into the Pico's firmware: the stock manifest less what needs micropython-lib
# (onewire, ds18x20, dht, neopixel; `mpremote mip install` brings them to a node). The port's own
# modules make the file system at the first start, so they must stay.
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
