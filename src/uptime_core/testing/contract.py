"""The contract of stores and sinks, sentence by sentence.

The sentences are those of the docstrings of `uptime_core.abc` and
`uptime_core.capabilities`, and of the reference page on stores and sinks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STORE = {
    "store.polls": "`polls` gives every poll that the store holds, at least once, in "
    "batches and in any order, and no other.",
    "store.statuses": "Of an instant with both statuses, both polls come; reports "
    "settle which one wins.",
    "store.range": "Ranges are half-open: a poll at `start` is in, one at `end` is "
    "not, and a bound that is None bounds nothing.",
    "store.empty-range": "A range without polls yields no poll, and is no error.",
    "store.naive-bound": "A bound without a time zone is an error, never a guess.",
    "store.instants": "Instants are microseconds since 1970-01-01 UTC, exact to the "
    "last one, in whatever zone they are given, and before 1970 too.",
    "store.ids": "Ids are text as `uptime_core.store_ids.parse_store_id` gives it: two "
    "of them are the same shop only if every character is.",
    "store.unknown-id": "An id that the store does not know has no polls, and is no "
    "error.",
    "store.hours": "`hours` gives all rows of all shops that have business hours; a "
    "shop that is always closed is there without a row.",
    "store.timezones": "`timezones` gives the zone of every shop that has one, and of "
    "no other.",
    "store.newest": "`newest_poll` gives the latest instant of all polls, in whatever "
    "order they came, and None without any.",
    "store.quarantined": "Reports leave out the shops of `quarantined`, and count the "
    "rows of `rejected`.",
    "store.snapshot": "`snapshot` gives all that the other methods give, as it is at "
    "one moment.",
    "store.parts": "No two parts of a snapshot have a shop in common.",
    "store.snapshot-stays": "A snapshot does not change any more and holds nothing of "
    "the store, which may go on taking data in, or be closed.",
    "store.snapshot-for": "A report of `snapshot_for` is that of `snapshot`, and so is "
    "all that is counted in it.",
    "store.read-stays": "What has been read stays as it was when the store changes or "
    "is closed, and whoever changes it does not change the store.",
    "store.read-on": "Who reads batches by and by hinders nobody, and gets those of "
    "one moment.",
    "store.identity": "`identity` is the same for as long as the store is there, and "
    "no store of other data has it.",
    "store.threads": "Methods may be called from several threads at once, and each "
    "sees what any of them has done.",
    "store.damage": "Data that cannot be trusted raise an `UptimeError`, never a wrong "
    "value; a source that cannot be reached raises `OSError`.",
    "store.close": "Closing twice is allowed, and a ``with`` block closes the store at "
    "its end.",
    "store.sorted": "Sorted: in a batch, the polls of a shop follow on each other in "
    "the order of their instants, and no poll comes twice.",
    "store.durable": "Durable: what a call has done outlives the process, however that "
    "ends, and what it has not done to the end has not happened.",
    "store.shared": "Shared: stores of the same data, in any processes, see at once "
    "what any of them has done, and have the same `identity`.",
}
"""What `uptime_core.Store` says of every store, and of those that promise more."""

INGEST = {
    "ingest.whole": "Each call is one transaction: after an error, whatever it is, the "
    "store is as it was, and goes on to work.",
    "ingest.threads": "Calls may come from several threads at once, and while the "
    "store is read: nothing is lost, and readers see what a call does wholly or not at "
    "all.",
    "ingest.set": "Polls are a set of shop, instant and status: adding one again "
    "changes nothing.",
    "ingest.any-age": "Polls come in any order and are of any age within the years "
    "1900 to 2199, as in files; one of another year is a bad row.",
    "ingest.forms": "Whatever `compute_report` takes is taken, and means the same: "
    "rows, mappings or columns; but None is an `InputError`.",
    "ingest.given": "What is handed in stays as it is, and whoever changes it "
    "afterwards does not change the store.",
    "ingest.hours": "Business hours that come replace all rows of the shops that they "
    "name; with `replace`, the hours of all other shops are forgotten.",
    "ingest.timezones": "Time zones that come replace those of the shops that they "
    "name; with `replace`, the zones of all other shops are forgotten.",
    "ingest.raise": 'With ``on_error="raise"``, one bad row is an `InputError`, and '
    "none is taken in.",
    "ingest.collect": 'With ``on_error="collect"``, good rows are taken in, and each '
    "bad one is in `rejected`, with its reason.",
    "ingest.bad-shops": "A bad row of hours or zones quarantines its shop, which loses "
    "its hours or its zone, until good rows of the same source name it, or others come "
    "with `replace`.",
    "ingest.quarantine": "`quarantine` names shops whose bad rows the caller has set "
    "aside; one of its suspects is in quarantine once the store knows such a shop.",
    "ingest.added": "`added` counts the rows that were not there, each of them once.",
    "ingest.repeated": "`repeated` counts the other good rows: those that were there, "
    "or came before in the same call.",
    "ingest.conflicting": "`conflicting` counts the instants of a shop that have both "
    "statuses and had not before, and the added rows of shops that had other rows of "
    "hours, or another zone.",
    "ingest.removed": "`removed` counts the rows of hours and zones that were there "
    "and are no more.",
}
"""What `uptime_core.SupportsIngest` says."""

TRANSACTIONS = {
    "transaction.whole": "All ingests of this thread in the ``with`` block are done, "
    "or, if an exception leaves it, none is; the exception goes on.",
    "transaction.inside": "Within the block, this thread sees what it has done so far.",
    "transaction.nested": "A block within a block is a part of it; an exception that "
    "leaves the inner one undoes what was done in that, and no more.",
    "transaction.retention": "What `delete_before` does in a block is done or undone "
    "with it, where a store has both.",
    "transaction.others": "Others see all that is done in the block or nothing of it, "
    "and what they do meanwhile is not lost.",
}
"""What `uptime_core.SupportsTransactions` says."""

RETENTION = {
    "retention.deleted": "The polls from before the instant are deleted, but each "
    "shop's last ones among them, those of one instant; the result is how many were "
    "deleted.",
    "retention.reports": "Reports of windows that begin at or after the instant have "
    "the same sums.",
    "retention.expired": "Polls from before the instant are not taken in any more, and "
    "`expired` counts them; those that come again in the same call it counts, or "
    "`repeated` does.",
    "retention.earlier": "An instant that is not after that of an earlier call changes "
    "nothing.",
    "retention.naive": "An instant without a time zone is an `InputError`, never a "
    "guess.",
    "retention.later": "An instant later than the newest poll is an `InputError`; "
    "then, and where there is no poll, nothing changes.",
}
"""What `uptime_core.SupportsRetention` says."""

SINK = {
    "sink.job": "A job comes back as it was stored, in every field.",
    "sink.report": "`report` gives the report of a complete job as it was stored, in "
    "every field, and None for any other job.",
    "sink.ids": "Ids are 32 hexadecimal digits, as `uptime_core.ReportManager` makes "
    "them; any other text has no job and no report, and is no error, wherever it comes "
    "from.",
    "sink.order": "`jobs` come in the order of their `created_at`, and of their ids "
    "where that is the same.",
    "sink.active": "With `active`, the jobs are those in no final state.",
    "sink.key": "With `idempotency_key`, there is the one job with this key, whatever "
    "its state, or none; keys are the same only if every character is.",
    "sink.read-stays": "What has been read stays as it was.",
    "sink.swap": "`swap` is done if the old job is there with the same `revision`, "
    "whatever else is the same; otherwise it is not, and nothing has changed.",
    "sink.add": "A job is not added if its id or its key is there, whatever state that "
    "is in.",
    "sink.delete": "A deleted job is gone with its report, and its id and key are free "
    "again.",
    "sink.most-active": "A job that is added with `most_active`, and whose id and key "
    "are free, is added only while fewer than that are queued or running; otherwise it "
    "is a `QueueFullError`, and nothing has changed.",
    "sink.final": "A final state never changes: another job in its place is an "
    "`IllegalTransitionError`, and the job can only be deleted.",
    "sink.due": "A report comes with a job that becomes complete, and with no other; "
    "anything else is an `InputError`, and nothing has changed.",
    "sink.one-report": "Both jobs of a swap have the same id, `created_at` and key; "
    "anything else is an `InputError`, and nothing has changed.",
    "sink.atomic": "All that is written is written by `swap`, which is atomic: readers "
    "see a job and its report as they were before, or as they are after.",
    "sink.one-wins": "Of several swaps of one job at once, one is done.",
    "sink.crowd": "Keys and `most_active` hold however many jobs are added at once.",
    "sink.threads": "Methods may be called from several threads at once, and each "
    "sees what any of them has done.",
    "sink.damage": "What cannot be read or written raises `BackEndError` or `OSError`; "
    "a job or a report that cannot be trusted is never given.",
    "sink.close": "Closing twice is allowed, and a ``with`` block closes the sink at "
    "its end.",
    "sink.durable": "Durable: what `swap` said is done outlives the process, however "
    "that ends, and what it has not said is done wholly or not at all.",
    "sink.shared": "Shared: sinks of the same place, in any processes, see at once "
    "what any of them has done.",
}
"""What `uptime_core.ReportSink` says of every sink, and of those that promise more."""

CONTRACT: Mapping[str, str] = {
    **STORE,
    **INGEST,
    **TRANSACTIONS,
    **RETENTION,
    **SINK,
}
"""All sentences, by their ids."""
