"""Sensors of a node. All have the interface of sensor.py (docs/reference/sensors.md)."""
