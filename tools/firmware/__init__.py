"""Firmware and native modules from pinned sources."""
