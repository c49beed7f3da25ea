"""Arrays in, arrays out: the arithmetic of uptime.

Instants are int64 microseconds since 1970-01-01 UTC, intervals are half-open, shops
are small integers. Nothing here knows the name of a zone, reads a file or a clock.

* `intervals`: unions of intervals, clipping, joining.
* `extrapolate`: from polls to who speaks when.
* `localtime`: a time zone as segments of constant offset.
* `weekly`: weekly hours in local time as a measure of business time in UTC.
* `sessions`: when a shop is open, by which row, and who speaks meanwhile, written out.
* `accumulate`: sums over shops and windows.
"""
