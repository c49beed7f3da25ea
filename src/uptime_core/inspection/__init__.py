"""The input doctor: what is odd in the sources, and what it does to reports.

* `doctor`: `inspect`, all checks of a store.
* `findings`: what it gives, an `Inspection` of `Finding`s.
* `sources`: the three sources of all parts of a snapshot, side by side.
* `rhythm`: how often shops are polled, and when the whole fleet fell silent.
* `rows`, `polls`, `cadence`, `hours`, `shops`, `ids`, `zones`: the checks.
* `wording`, `page`: instants, durations, ids and findings as text, and as HTML.
"""
