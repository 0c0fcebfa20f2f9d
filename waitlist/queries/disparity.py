"""Whether some are asked less often than others, between the groups that administrators chose to compare."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf.locale import LANG_INFO
from django.db.models import Case, Count, Exists, Expression, F, OuterRef, Q, QuerySet, Value, When

from scheduling.models import Clinic, Sex
from waitlist.models import ClinicTerms, Entry, Grouping, Offer, OfferState, Outcome

ALARM = 0.8
"""Below this ratio of the lowest to the highest group somebody should look: the four-fifths rule, 29 CFR 1607.4(D).

It says that there is something to look at, not why: groups may differ in what they wait for.
"""
FEWEST = 10
"""Groups of fewer people than this are not compared, nor is anything before so many were asked: by chance alone one
offer more or less would turn the answer."""
CHILD, OLD = 16, 65
NEVER_SENT = (OfferState.APPROVAL, OfferState.SKIPPED)


@dataclass(frozen=True)
class Group:
    """So many people waited, and so many of them were asked about a time at least once."""

    name: str
    waited: int
    asked: int

    @property
    def share(self) -> float:
        return self.asked / self.waited

    @property
    def percent(self) -> int:
        return round(100 * self.share)


@dataclass(frozen=True)
class Comparison:
    """The groups asked least and most often, and the ratio of their shares."""

    by: str
    least: Group
    most: Group
    ratio: float

    @property
    def is_uneven(self) -> bool:
        return self.ratio < ALARM


def compare(by: str, groups: Iterable[Group]) -> Comparison | None:
    """The least and the most often asked of the groups that are large enough; None when that would say nothing yet."""
    large = sorted((each for each in groups if each.waited >= FEWEST), key=lambda each: (each.share, each.name))
    if len(large) < 2 or sum(each.asked for each in large) < FEWEST:
        return None
    least, most = large[0], large[-1]
    return Comparison(by, least, most, least.share / most.share)


def comparisons(entries: QuerySet[Entry], clinics: Sequence[Clinic], since: datetime, today: date) -> list[Comparison]:
    """Of all who waited at any time since an instant: one comparison for each grouping that their clinic chose."""
    waited = entries.filter(Q(closed_at=None) | Q(closed_at__gte=since)).exclude(outcome=Outcome.MISTAKE)
    sent = Offer.objects.filter(entry=OuterRef("pk"), made_at__gte=since).exclude(state__in=NEVER_SENT)
    waited = waited.annotate(was_asked=Exists(sent)).order_by()
    found = (
        compare(grouping.label, _groups(waited.filter(clinic__in=chosen), grouping, today))
        for grouping, chosen in _chosen(clinics).items()
        if chosen
    )
    return [each for each in found if each]


def _chosen(clinics: Collection[Clinic]) -> Mapping[Grouping, list[Clinic]]:
    """Which of the clinics compare by what."""
    terms = {each.clinic_id: each for each in ClinicTerms.objects.filter(clinic__in=clinics)}
    usual = ClinicTerms()
    return {
        grouping: [each for each in clinics if grouping in terms.get(each.pk, usual).compared] for grouping in Grouping
    }


def _groups(waited: QuerySet[Entry], grouping: Grouping, today: date) -> list[Group]:
    counted = waited.annotate(group=_key(grouping, today)).values("group")
    rows = counted.annotate(n=Count("pk"), asked=Count("pk", filter=Q(was_asked=True)))
    return [Group(_name(grouping, row["group"]), row["n"], row["asked"]) for row in rows]


def _key(grouping: Grouping, today: date) -> Expression | F:
    if grouping == Grouping.AGE:
        return Case(
            When(patient__birth_date__gt=_born(today, CHILD), then=Value(f"under {CHILD}")),
            When(patient__birth_date__gt=_born(today, OLD), then=Value(f"{CHILD} to {OLD - 1}")),
            default=Value(f"{OLD} and over"),
        )
    if grouping == Grouping.ACCESS:
        return Case(When(patient__access_needs=[], then=Value("no such needs")), default=Value("with such needs"))
    return F(
        {
            Grouping.CLINIC: "clinic__name",
            Grouping.SERVICE: "appointment_type__service__name",
            Grouping.LANGUAGE: "patient__language",
            Grouping.SEX: "patient__sex",
        }[grouping]
    )


def _name(grouping: Grouping, key: str) -> str:
    if grouping == Grouping.LANGUAGE:
        return str(LANG_INFO.get(key, {}).get("name", key))
    return str(Sex(key).label) if grouping == Grouping.SEX else key


def _born(today: date, years: int) -> date:
    """Whoever was born after this day is younger than so many years."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return today.replace(year=today.year - years, day=28)
