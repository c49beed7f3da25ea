"""Ties to other libraries, a module for each; each needs the extra of its name."""
