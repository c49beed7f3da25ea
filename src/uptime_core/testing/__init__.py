"""What tests of other code can import.

* `suites`: tests of stores and sinks of one's own; `store_suite` and `sink_suite` have
  them as functions.
* `store_machine`, `sink_machine`, `manager_machine`: state machines of hypothesis.
* `contract`: what stores and sinks keep to, sentence by sentence.
* `broken_stores`, `broken_sinks`: back ends that are broken on purpose.
* `oracle`: the same numbers as `compute_report`, by other means.
"""
