"""Ports, the raw REPL, the line protocol, push and monitor."""
