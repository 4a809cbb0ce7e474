"""Nodes on an MQTT broker: gateway, roll-outs, what nodes see (docs/reference/mqtt.md)."""
