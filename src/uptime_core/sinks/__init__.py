"""Sinks: where jobs and reports are kept."""
