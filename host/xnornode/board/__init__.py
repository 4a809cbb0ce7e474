"""Setting boards up: firmware, native modules, the node's library."""
