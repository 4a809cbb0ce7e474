"""The parts of an ESP32 board that is not there."""
