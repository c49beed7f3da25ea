"""Stores whose hours, zones or quarantine are broken on purpose, each in one place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import attrs

from uptime_core.quarantine import NOBODY, Quarantine
from uptime_core.testing.broken import Faults
from uptime_core.testing.plain_stores import PlainStore
from uptime_core.testing.store_model import DAY
from uptime_core.testing.store_suite import store_back_end

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uptime_core.ingest import IngestResult
    from uptime_core.testing.back_ends import StoreBackEnd
    from uptime_core.testing.store_model import StoreModel, WeekRow

    Hours = dict[str, list[WeekRow]]

faults: Faults[StoreBackEnd] = Faults(store_back_end, transactions=True, retention=True)


@faults("ingest.hours", "ingest.removed")
class ReplaceForgetsNoHours(PlainStore):
    """With replace, the hours of other shops stay."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        kept = dict(model.hours) if replace else {}
        result = super().take_hours(model, hours, bad, replace=replace)
        model.hours = kept | model.hours
        return result


@faults("ingest.threads", "store.snapshot")
class ReplaceInTwoSteps(PlainStore):
    """With replace, no shop has hours for a moment."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        if replace:
            self.model: StoreModel = attrs.evolve(self.model, hours={})
            time.sleep(0.002)
        return super().take_hours(model, hours, bad, replace=replace)


@faults("ingest.hours", "ingest.removed")
class HoursForgetAllOthers(PlainStore):
    """Without replace, the hours of other shops are forgotten."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        result = super().take_hours(model, hours, bad, replace=replace)
        model.hours = {s: rows for s, rows in model.hours.items() if s in hours}
        return result


@faults("ingest.hours", "ingest.removed")
class HoursAreMerged(PlainStore):
    """New hours of a shop come beside its old ones."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        before = {} if replace else dict(model.hours)
        result = super().take_hours(model, hours, bad, replace=replace)
        for shop in hours:
            model.hours[shop] |= before.get(shop, frozenset())
        return result


@faults("store.hours")
class ClosedShopsAreForgotten(PlainStore):
    """A shop that is always closed is taken for one without hours."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        result = super().take_hours(model, hours, bad, replace=replace)
        model.hours = {shop: rows for shop, rows in model.hours.items() if rows}
        return result


@faults("store.hours", "ingest.forms")
class SundayNightIsCutOff(PlainStore):
    """What is past the week's end is lost."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        cut = {
            shop: [(start, min(end, 7 * DAY)) for start, end in rows]
            for shop, rows in hours.items()
        }
        return super().take_hours(model, cut, bad, replace=replace)


@faults("store.hours", "ingest.forms")
class OneRowADay(PlainStore):
    """Of several rows of a day, the last is kept."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        result = super().take_hours(model, hours, bad, replace=replace)
        for shop, rows in model.hours.items():
            by_day = {start // DAY: (start, end) for start, end in sorted(rows)}
            model.hours[shop] = frozenset(by_day.values())
        return result


@faults("ingest.hours", "store.timezones")
class HoursForgetTheZone(PlainStore):
    """A shop that gets hours loses its zone."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        for shop in hours:
            model.timezones.pop(shop, None)
        return super().take_hours(model, hours, bad, replace=replace)


@faults("ingest.removed")
class RemovedHoursAreNotTold(PlainStore):
    """Rows that are no more are not counted."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        result = super().take_hours(model, hours, bad, replace=replace)
        return attrs.evolve(result, removed=0)


@faults("store.timezones")
class EveryShopHasAZone(PlainStore):
    """A shop without a zone is given the default one."""

    def timezones(self) -> Mapping[str, str]:
        default = {shop: "America/Chicago" for shop, _, _ in self.current.polls}
        return default | self.current.timezones


@faults("ingest.timezones", "ingest.removed")
class ReplaceForgetsNoZones(PlainStore):
    """With replace, the zones of other shops stay."""

    def take_timezones(
        self,
        model: StoreModel,
        timezones: dict[str, str],
        bad: Quarantine,
        *,
        replace: bool,
    ) -> IngestResult:
        kept = dict(model.timezones) if replace else {}
        result = super().take_timezones(model, timezones, bad, replace=replace)
        model.timezones = kept | model.timezones
        return result


@faults("ingest.timezones", "ingest.removed")
class ZonesForgetAllOthers(PlainStore):
    """Without replace, the zones of other shops are forgotten."""

    def take_timezones(
        self,
        model: StoreModel,
        timezones: dict[str, str],
        bad: Quarantine,
        *,
        replace: bool,
    ) -> IngestResult:
        result = super().take_timezones(model, timezones, bad, replace=replace)
        model.timezones = dict(timezones)
        return result


@faults("ingest.conflicting")
class ConflictingZonesAreNotTold(PlainStore):
    """Zones that take the place of others are not counted as such."""

    def take_timezones(
        self,
        model: StoreModel,
        timezones: dict[str, str],
        bad: Quarantine,
        *,
        replace: bool,
    ) -> IngestResult:
        result = super().take_timezones(model, timezones, bad, replace=replace)
        return attrs.evolve(result, conflicting=0)


@faults("ingest.bad-shops", "ingest.quarantine")
class NobodyIsQuarantined(PlainStore):
    """A shop of a bad row is in reports all the same."""

    def quarantined(self) -> frozenset[str]:
        return frozenset()


@faults("ingest.bad-shops", "ingest.quarantine")
class GoodZonesEndTheQuarantineOfHours(PlainStore):
    """Good rows of one source end the quarantine of the other."""

    def take_timezones(
        self,
        model: StoreModel,
        timezones: dict[str, str],
        bad: Quarantine,
        *,
        replace: bool,
    ) -> IngestResult:
        ids, suspects = model.bad_hours
        model.bad_hours = Quarantine(ids - timezones.keys(), suspects)
        return super().take_timezones(model, timezones, bad, replace=replace)


@faults("ingest.bad-shops", "ingest.quarantine", "ingest.removed")
class BadShopsKeepTheirHours(PlainStore):
    """A shop of a bad row keeps the hours that it had."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        before = {s: model.hours[s] for s in bad.store_ids if s in model.hours}
        result = super().take_hours(model, hours, bad, replace=replace)
        model.hours |= before
        return result


@faults("ingest.bad-shops", "ingest.quarantine")
class QuarantineNeverEnds(PlainStore):
    """Good rows do not end the quarantine of their shop."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        before = NOBODY if replace else model.bad_hours
        result = super().take_hours(model, hours, bad, replace=replace)
        model.bad_hours = before | model.bad_hours
        return result


@faults("ingest.quarantine")
class SuspectsAreNobody(PlainStore):
    """Suspects are never quarantined."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        named = Quarantine(bad.store_ids)
        return super().take_hours(model, hours, named, replace=replace)


@faults("ingest.quarantine")
class SuspectsOfTheMoment(PlainStore):
    """Suspects are quarantined only if their shop is there when they are named."""

    def take_timezones(
        self,
        model: StoreModel,
        timezones: dict[str, str],
        bad: Quarantine,
        *,
        replace: bool,
    ) -> IngestResult:
        known = {shop for shop, _, _ in model.polls}.union(model.hours, model.timezones)
        named = Quarantine(bad.store_ids, bad.suspects & known)
        return super().take_timezones(model, timezones, named, replace=replace)


@faults("ingest.hours", "store.timezones")
class ReplaceForgetsZonesToo(PlainStore):
    """With replace, shops that lose their hours lose their zone."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        lost = set(model.hours) - set(hours) if replace else ()
        for shop in lost:
            model.timezones.pop(shop, None)
        return super().take_hours(model, hours, bad, replace=replace)


@faults("ingest.hours", "store.polls")
class ReplaceForgetsPollsToo(PlainStore):
    """With replace, shops that lose their hours lose their polls."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        lost = set(model.hours) - set(hours) if replace else ()
        model.polls = {row for row in model.polls if row[0] not in lost}
        return super().take_hours(model, hours, bad, replace=replace)


@faults("store.hours")
class TouchingHoursAreOne(PlainStore):
    """Rows that follow on each other become one."""

    def take_hours(
        self, model: StoreModel, hours: Hours, bad: Quarantine, *, replace: bool
    ) -> IngestResult:
        result = super().take_hours(model, hours, bad, replace=replace)
        for shop in hours:
            ends = dict(sorted(model.hours[shop]))
            for start in sorted(ends, reverse=True):
                ends[start] = ends.pop(ends[start], ends[start])
            model.hours[shop] = frozenset(ends.items())
        return result
