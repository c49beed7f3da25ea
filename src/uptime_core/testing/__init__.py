"""What tests of other code can import: a slow reference implementation.

* `oracle`: the same numbers as `compute_report`, by other means.
"""
