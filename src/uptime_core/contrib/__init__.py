"""What needs a further library: a module for each, and an extra of the same name.

Reports and timelines find what they need here by themselves; `matplotlib` is imported
by those who draw, and `tqdm` by those who wait.
"""
