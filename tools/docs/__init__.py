"""The documentation as a site, and the check of the workflow file."""
