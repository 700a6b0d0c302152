"""Which pairs of cards the report tells of: counted pair by pair in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from reports_reference import CHANNELS, COMPANIES, PARTNERS, PEOPLE, PROGRAMS, REGIONS, Site

from partner_crm.reports import duplicates, funnel
from partner_crm.reports.filters import FilterError, Filters

DAYS = (date(2024, 2, 4), date(2024, 2, 29), date(2024, 3, 31))
CHOICES = {
	"company": COMPANIES,
	"responsible": PEOPLE,
	"channel": CHANNELS,
	"program": PROGRAMS,
	"partner": PARTNERS,
	"region": REGIONS,
	"card_doctype": ("Contact", "Counterparty"),
	"kind": ("Duplicate", "Possible"),
	"status": ("Open", "Not a Duplicate"),
	"lowest_score": (0, 65, 90),
}
JOURNEY = ("company", "responsible", "channel", "program", "partner")
OF_CARDS = {
	"Contact": ("pcrm_region", "contact"),
	"Counterparty": ("region", "counterparty"),
}


def a_site(random: Random) -> Site:
	site = Site()
	for doctype, (region, link) in OF_CARDS.items():
		for number in range(8):
			name = f"{doctype} {number}"
			site.add(doctype, **{"name": name, region: random.choice(REGIONS)})
			if random.randrange(2):
				facts = {name: random.choice(CHOICES[name]) for name in JOURNEY}
				site.add(random.choice(("Partner Lead", "Partner Deal")), **{link: name}, **facts)
	for _ in range(20):
		doctype = random.choice(list(OF_CARDS))
		one, other = random.sample(range(8), 2)
		site.add(
			"Possible Duplicate",
			card_doctype=doctype,
			card=f"{doctype} {one}",
			other_card=f"{doctype} {other}",
			kind=random.choice(CHOICES["kind"]),
			status=random.choice(CHOICES["status"]),
			score=random.choice((0.5, 0.6, 0.65, 0.72, 0.85, 0.9, 1.0)),
			reasons='[["phone_same", null], ["of a later version", null]]',
			creation=random.choice(DAYS),
		)
	return site


def expected(site: Site, filters: Filters) -> list[dict]:
	return [pair for pair in site.records["Possible Duplicate"] if _is_chosen(site, pair, filters)]


def _is_chosen(site: Site, pair: dict, filters: Filters) -> bool:
	for name in ("card_doctype", "kind"):
		if getattr(filters, name) not in (None, pair[name]):
			return False
	if pair["status"] != (filters.status or "Open") or pair["score"] * 100 < (filters.lowest_score or 0):
		return False
	if (filters.from_date or date.min) > pair["creation"] or pair["creation"] > (filters.to_date or date.max):
		return False
	region, link = OF_CARDS[pair["card_doctype"]]
	cards = {pair["card"], pair["other_card"]}
	if filters.region and filters.region not in {
		card[region] for card in site.records[pair["card_doctype"]] if card["name"] in cards
	}:
		return False
	asked = {name: getattr(filters, name) for name in JOURNEY if getattr(filters, name)}
	journeys = [*site.records["Partner Lead"], *site.records["Partner Deal"]]
	return not asked or any(
		journey[link] in cards and all(journey[name] == value for name, value in asked.items())
		for journey in journeys
	)


def any_filters(random: Random, **more: object) -> Filters:
	names = random.sample(list(CHOICES), random.randrange(3))
	chosen = {name: random.choice([value for value in CHOICES[name] if value is not None]) for name in names}
	period = random.choice([{}, {"from_date": date(2024, 2, 5), "to_date": date(2024, 3, 1)}])
	return Filters(**chosen, **period, **more)


@pytest.mark.parametrize("seed", range(40))
def test_the_list_and_the_groups_equal_a_count_pair_by_pair(seed):
	random = Random(seed)
	site = a_site(random)
	for _ in range(5):
		filters = any_filters(random)
		wanted = expected(site, filters)

		listed = site.run(duplicates, filters)

		assert Counter((row["card"], row["other_card"], row["score"]) for row in listed.rows) == Counter(
			(pair["card"], pair["other_card"], Decimal(str(pair["score"])) * 100) for pair in wanted
		)
		figures = [figure.value for figure in listed.summary]
		assert figures == [
			sum(pair["kind"] == "Duplicate" for pair in wanted),
			sum(pair["kind"] == "Possible" for pair in wanted),
		]
		assert sum(listed.chart.datasets[0][1]) == len(wanted) if wanted else listed.chart is None
		group = random.choice(("card_doctype", "kind"))
		grouped = site.run(duplicates, Filters(**_values(filters), group_by=(group,)))
		assert {row[group]: row["pairs"] for row in grouped.rows} == Counter(pair[group] for pair in wanted)


def _values(filters: Filters) -> dict:
	names = (*CHOICES, "from_date", "to_date")
	return {name: getattr(filters, name) for name in names}


def test_the_most_alike_come_first_with_the_reasons_in_words():
	site = a_site(Random(3))

	first, *_rest = site.run(duplicates).rows

	assert (first["kind"], first["about"]) == ("Duplicate", first["card_doctype"])
	assert [str(reason) for reason in first["reasons"]] == ["The phone numbers are the same."]
	assert {first["card"], first["other_card"]} <= {card["name"] for card in site.records[first["about"]]}


@pytest.mark.parametrize("value", ["much", "nan"])
def test_a_likeness_is_a_number(value):
	with pytest.raises(FilterError, match=f"{value} is not a number."):
		Filters.read({"lowest_score": value})


def test_other_reports_know_no_likeness():

	with pytest.raises(FilterError, match="can't be filtered by lowest_score"):
		Site().run(funnel, Filters(lowest_score=50))
