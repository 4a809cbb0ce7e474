"""The old name of second_core, for programs of a node with version 0.1: to be taken out in 0.3."""

from xnornode.second_core import Background

__all__ = ["Background"]
