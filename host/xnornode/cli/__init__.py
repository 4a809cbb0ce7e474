"""The command `xnornode`, a file a command."""
