from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_crm.rules import stages
from partner_crm.rules.stages import (
	OWN_SALE,
	REFERRAL,
	TRACKS,
	Criterion,
	IcpProfile,
	Kind,
	Missing,
	StageField,
	TableProblem,
)

DATA = Path(__file__).parent / "data"


def read(name: str) -> list[dict[str, str]]:
	with (DATA / name).open(encoding="utf-8", newline="") as source:
		return list(csv.DictReader(source))


def names(rows) -> list[str]:
	return [f"{row.entity}.{row.field}" for row in rows]


def fill(track: str, stage: str, **required) -> dict[str, dict[str, object]]:
	"""Facts that satisfy everything required at a stage."""
	facts: dict[str, dict[str, object]] = {"Contact": {}, "Counterparty": {}, "Deal": {}}
	values = {"set": "filled in", "any": "filled in", "answered": "No", "positive": Decimal("0.01")}
	for row in stages.required_at(track, stage, **required):
		facts[row.entity][row.fields[-1]] = values[row.requirement]
	return facts


def without(facts, entity: str, *fields: str):
	return {**facts, entity: {name: value for name, value in facts[entity].items() if name not in fields}}


# Tracks and moves


@pytest.mark.parametrize("row", read("stage_moves.csv"), ids=lambda row: "-".join(row.values()))
def test_moves(row):
	found = stages.move(
		row["track"], row["from_stage"] or None, row["to_stage"], left_from=row["left_from"] or None
	)

	assert found.kind.value == row["kind"]


def test_only_the_head_of_sales_goes_back_reopens_or_brings_history():
	back = stages.move(OWN_SALE, "MQL", "Cold Lead")
	reopening = stages.move(OWN_SALE, "Lost", "SQL")
	history = stages.move(OWN_SALE, None, "Client", is_historical=True)
	others = [
		stages.move(OWN_SALE, None, "Cold Lead"),
		stages.move(OWN_SALE, "Cold Lead", "MQL"),
		stages.move(OWN_SALE, "MQL", "MQL"),
		stages.move(OWN_SALE, "MQL", "Unqualified"),
	]

	assert [(m.kind, m.needs_head, m.needs_reason) for m in (back, reopening, history)] == [
		(Kind.BACK, True, True),
		(Kind.REOPEN, True, True),
		(Kind.HISTORY, True, False),
	]
	assert [(m.needs_head, m.needs_reason, m.refusal) for m in others] == [(False, False, "")] * 4


def test_a_past_sale_moves_like_any_other_once_it_is_in():
	assert stages.move(OWN_SALE, "SQL", "Client", is_historical=True).kind is Kind.SKIP
	assert stages.move(OWN_SALE, None, "Won", is_historical=True).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
	("among", "from_stage", "to_stage", "sentence"),
	[
		(
			stages.LEAD_STAGES[OWN_SALE],
			"MQL",
			"SQL",
			"SQL is not a stage of this document. Its stages: Cold Lead, MQL, Converted, Unqualified.",
		),
		(
			stages.DEAL_STAGES,
			"SQL",
			"MQL",
			"MQL is not a stage of this document. Its stages: SQL, Negotiation, Client, Lost.",
		),
		(
			stages.DEAL_STAGES,
			"SQL",
			"Client",
			"SQL can't be changed to Client: no stage is skipped. Possible from here: Negotiation, Lost.",
		),
		(
			stages.LEAD_STAGES[OWN_SALE],
			"MQL",
			"Cold lead",
			"Cold lead is not a stage of this document. Its stages: Cold Lead, MQL, Converted, Unqualified.",
		),
		(
			stages.LEAD_STAGES[OWN_SALE],
			None,
			"MQL",
			"A new document can't begin at MQL. It begins at: Cold Lead.",
		),
		(
			None,
			"Cold Lead",
			"Client",
			"Cold Lead can't be changed to Client: no stage is skipped. Possible from here: MQL, Unqualified.",
		),
	],
)
def test_a_refusal_says_what_is_possible(among, from_stage, to_stage, sentence):
	found = stages.move(OWN_SALE, from_stage, to_stage, among=among)

	assert sentence == found.refusal.format(
		from_stage=found.from_stage, to_stage=found.to_stage, possible=", ".join(found.possible)
	)


def test_a_deal_begins_at_sql_because_its_lead_was_at_mql():
	assert stages.move(OWN_SALE, "MQL", "SQL", among=stages.DEAL_STAGES).kind is Kind.FORWARD


every_stage = st.sampled_from(
	[(name, stage) for name, track in TRACKS.items() for stage in (*track.stages, "", "Won")]
)


@given(every_stage, st.data())
def test_no_chain_of_moves_leads_forward_past_a_stage(start, data):
	"""Whatever is tried, a document reaches a place on the path only after every place before it."""
	track = TRACKS[start[0]]
	reached, stage, left_from = -1, None, None
	for _ in range(12):
		to_stage = data.draw(st.sampled_from([*track.stages, start[1]]))
		found = stages.move(start[0], stage, to_stage, left_from=left_from)
		if found.refusal:
			assert found.kind in (Kind.SKIP, Kind.UNKNOWN)
			continue
		if found.kind is Kind.EXIT:
			left_from = stage
		stage = to_stage
		if stage not in track.exits:
			assert track.place(stage) <= reached + 1
			reached = max(reached, track.place(stage))


@given(every_stage, every_stage)
def test_a_refused_move_names_exactly_the_possible_ones(start, end):
	track, from_stage = start
	refused = stages.move(track, from_stage, end[1])
	if refused.kind is Kind.SKIP:
		others = [s for s in TRACKS[track].stages if s != from_stage]
		possible = [s for s in others if not stages.move(track, from_stage, s).refusal]
		assert list(refused.possible) == possible


@pytest.mark.parametrize(
	("track", "stage", "left_from", "expected"),
	[
		(OWN_SALE, "Cold Lead", None, ["Cold Lead"]),
		(OWN_SALE, "Converted", None, ["Cold Lead", "MQL", "SQL"]),
		(OWN_SALE, "Client", None, ["Cold Lead", "MQL", "SQL", "Negotiation", "Client"]),
		(OWN_SALE, "Lost", None, ["Cold Lead", "MQL", "SQL"]),
		(OWN_SALE, "Lost", "Negotiation", ["Cold Lead", "MQL", "SQL", "Negotiation"]),
		(OWN_SALE, "Unqualified", None, ["Cold Lead"]),
		(OWN_SALE, "Unqualified", "MQL", ["Cold Lead", "MQL"]),
		(REFERRAL, "Client", None, ["Cold Lead", "Handed Over", "Client"]),
		(REFERRAL, "Unqualified", None, ["Cold Lead"]),
	],
)
def test_path(track, stage, left_from, expected):
	assert list(stages.path(track, stage, left_from)) == expected


@pytest.mark.parametrize(
	("track", "stage", "deal_stage", "expected"),
	[
		(OWN_SALE, "Cold Lead", None, "New"),
		(OWN_SALE, "MQL", None, "In Progress"),
		(OWN_SALE, "Converted", None, "In Progress"),
		(OWN_SALE, "Converted", "Negotiation", "In Progress"),
		(OWN_SALE, "Converted", "Client", "Client"),
		(OWN_SALE, "Converted", "Lost", "Rejected"),
		(OWN_SALE, "Unqualified", None, "Rejected"),
		(REFERRAL, "Cold Lead", None, "New"),
		(REFERRAL, "Handed Over", None, "In Progress"),
		(REFERRAL, "Client", None, "Client"),
		(REFERRAL, "Unqualified", None, "Rejected"),
	],
)
def test_partner_status(track, stage, deal_stage, expected):
	assert stages.partner_status(track, stage, deal_stage) == expected


def test_unknown_names_are_refused():
	with pytest.raises(ValueError, match="'Won' is not a stage of the track Own Sale"):
		stages.partner_status(OWN_SALE, "Won")
	with pytest.raises(ValueError, match="'Won' is not on the path Cold Lead -> Handed Over -> Client"):
		stages.path(REFERRAL, "Won")
	with pytest.raises(ValueError, match="'MQL' is not on the path"):
		stages.required_at(REFERRAL, "MQL")
	with pytest.raises(KeyError, match="Barter"):
		stages.move("Barter", None, "Cold Lead")


# What a stage needs


def test_the_shipped_table_is_sound():
	"""Its fields are those of the DocTypes; here only that no row is unusable otherwise."""
	table = stages.shipped_stage_fields()
	fields = {
		entity: {f for row in table if row.entity == entity for f in row.fields}
		for entity in stages.DERIVED_FIELDS
	}

	assert len(table) == 30
	assert stages.check_table(table, fields) == ()
	assert all(
		row.label_ru
		for row in (*table, *stages.stage_conditions(OWN_SALE), *stages.stage_conditions(REFERRAL))
	)


@pytest.mark.parametrize(("track", "is_individual"), [(OWN_SALE, False), (OWN_SALE, True), (REFERRAL, False)])
def test_requirements_grow_stage_by_stage(track, is_individual):
	"""Each stage adds its rows to those of the stage before; a looser row goes when a stricter one comes."""
	before: list[str] = []
	for row in read("stage_requirements.csv"):
		if (row["track"], row["is_individual"]) != (track, "yes" if is_individual else "no"):
			continue
		rows = stages.required_at(track, row["stage"], is_individual=is_individual)
		added = row["added"].split()
		dropped = {"Contact.first_name|last_name"} if "Contact.last_name" in added else set()
		dropped |= {"Contact.email|phone"} if "Contact.phone" in added else set()

		expected = [name for name in before if name not in dropped] + added
		assert sorted(names(rows)) == sorted(expected)
		before = expected


@pytest.mark.parametrize(
	("track", "stage", "reason"),
	[
		(OWN_SALE, "Unqualified", "The reason of disqualification is not given."),
		(OWN_SALE, "Lost", "The reason of the loss is not given."),
		(REFERRAL, "Unqualified", "The reason of disqualification is not given."),
	],
)
def test_an_exit_needs_its_reason_and_nothing_else(track, stage, reason):
	from_stage = TRACKS[track].exits[stage][0]
	field = {"Lost": "lost_reason"}.get(stage, "disqualification_reason")

	assert [lack.reason for lack in stages.missing({}, track, from_stage, stage)] == [reason]
	assert stages.missing({"Deal": {field: "Too dear"}}, track, from_stage, stage) == ()


def test_instant_capture():
	facts = {
		"Contact": {"last_name": "Петров", "email": "ivan@mail.ru"},
		"Deal": {"channel": "Site", "responsible": "a@x.example"},
	}

	assert stages.capture_missing(facts) == ()
	assert [(m.label_en, m.label_ru, m.reason) for m in stages.capture_missing({})] == [
		("Acquisition channel", "Канал привлечения", "{label} is not filled in."),
		("Accountable", "Исполнитель", "{label} is not filled in."),
		("Name", "Имя", "At least one of these is needed: {label}."),
		("Email and/or phone", "Емейл (и/или телефон)", "At least one of these is needed: {label}."),
	]
	assert names(stages.capture_missing({}, table=())) == [
		"Contact.first_name|last_name",
		"Contact.email|phone",
		"Deal.channel",
		"Deal.responsible",
	]


def test_everything_is_listed_at_once_however_far_the_stage():
	assert names(stages.missing({}, OWN_SALE, "Cold Lead", "Client")) == names(
		stages.required_at(OWN_SALE, "Client")
	)


def test_conversion_is_the_move_to_sql_under_either_name():
	assert stages.missing({}, OWN_SALE, "MQL", "Converted") == stages.missing({}, OWN_SALE, "MQL", "SQL")


def test_winning_is_not_held_up_by_what_the_handover_needs():
	facts = fill(OWN_SALE, "Client")

	assert stages.missing(facts, OWN_SALE, "Negotiation", "Client") == ()
	assert names(stages.missing(without(facts, "Contact", "phone"), OWN_SALE, "Client", "Handed Over")) == [
		"Contact.additional_email",
		"Contact.phone",
		"Contact.pcrm_birth_date",
		"Counterparty.email",
		"Counterparty.additional_emails",
		"Counterparty.phone",
		"Counterparty.additional_titles",
		"Counterparty.industry_holiday",
		"Counterparty.founded_on",
	]


@pytest.mark.parametrize(
	("from_stage", "to_stage", "is_historical"),
	[
		("SQL", "SQL", False),
		("Negotiation", "SQL", False),
		("Converted", "MQL", False),
		(None, "Client", True),
	],
	ids=["stay", "back", "back before conversion", "history"],
)
def test_staying_going_back_and_history_need_nothing(from_stage, to_stage, is_historical):
	assert stages.missing({}, OWN_SALE, from_stage, to_stage, is_historical=is_historical) == ()


def test_old_gaps_bind_at_the_next_move_and_at_reopening():
	facts = without(fill(OWN_SALE, "Client"), "Counterparty", "industry")

	assert names(stages.missing(facts, OWN_SALE, "SQL", "Negotiation")) == ["Counterparty.industry"]
	assert names(stages.missing(facts, OWN_SALE, "Lost", "SQL")) == ["Counterparty.industry"]
	assert names(stages.missing(facts, OWN_SALE, "SQL", "Negotiation", is_historical=True)) == [
		"Counterparty.industry"
	]


def test_an_exception_lets_one_requirement_pass():
	facts = without(without(fill(OWN_SALE, "MQL"), "Deal", "icp_passed"), "Counterparty", "website")

	assert names(
		stages.missing(facts, OWN_SALE, "Cold Lead", "MQL", excepted={("Counterparty", "website")})
	) == ["Deal.icp_passed"]


ways = st.sampled_from(
	[
		(name, stage, alone)
		for name, track in TRACKS.items()
		for stage in (*track.path, *track.after)
		for alone in (False, True)
	]
)


@given(ways, st.data())
def test_taking_one_fact_away_leaves_exactly_that_missing(way, data):
	track, stage, is_individual = way
	rows = stages.required_at(track, stage, is_individual=is_individual)
	facts = fill(track, stage, is_individual=is_individual)
	lost = data.draw(st.sampled_from(rows))
	poorer = without(facts, lost.entity, *lost.fields)
	table = {"is_individual": is_individual}

	assert stages.missing(facts, track, None, stage, **table) == ()
	assert names(stages.missing(poorer, track, None, stage, **table)) == names([lost])
	assert names(stages.newly_emptied(facts, poorer, track, stage, **table)) == names([lost])
	assert stages.newly_emptied(poorer, poorer, track, stage, **table) == ()
	assert stages.newly_emptied(poorer, facts, track, stage, **table) == ()


def test_changing_a_fact_is_not_emptying_it_and_a_way_to_reach_the_person_is_enough():
	before = {"Contact": {"first_name": "Ivan", "email": "a@b.example", "phone": "+79110000000"}}
	after = {"Contact": {"last_name": "Petrov", "email": "", "phone": "+79110000001"}}

	assert stages.newly_emptied(before, after, OWN_SALE, "Cold Lead") == ()
	assert names(stages.newly_emptied(before, after, OWN_SALE, "MQL")) == ["Contact.first_name"]


@pytest.mark.parametrize(
	("value", "is_set", "is_answered", "is_positive"),
	[
		(None, False, False, False),
		("", False, False, False),
		(" \t\n\u00a0\u200b", False, False, False),
		("-", False, False, False),
		("—...", False, False, False),
		("😀", False, False, False),
		("A", True, False, False),
		("۵", True, False, False),
		("0", True, False, False),
		("Yes", True, True, False),
		("No", True, True, False),
		(" no ", True, True, False),
		("Maybe", True, False, False),
		(0, False, False, False),
		(1, True, True, True),
		(2, True, False, True),
		(-2, True, False, False),
		(False, False, False, False),
		(True, True, True, False),
		(0.0, False, False, False),
		(0.5, True, False, True),
		(float("nan"), False, False, False),
		(float("inf"), True, False, False),
		(Decimal(0), False, False, False),
		(Decimal("-0.01"), True, False, False),
		(Decimal("0.01"), True, False, True),
		(Decimal("NaN"), False, False, False),
		(Decimal("Infinity"), True, False, False),
		("1500", True, False, False),
		(date(2024, 2, 29), True, False, False),
		([], False, False, False),
		(["", " ", None], False, False, False),
		(["", "a@b.example"], True, False, False),
		([{"email": ""}], False, False, False),
		([{"email": "a@b.example"}], True, False, False),
	],
)
def test_what_counts_as_set_answered_and_positive(value, is_set, is_answered, is_positive):
	assert (stages.is_set(value), stages.is_answered(value), stages.is_positive(value)) == (
		is_set,
		is_answered,
		is_positive,
	)


@pytest.mark.parametrize(
	("contact", "is_there"),
	[
		({"email": ["a@b.example", "c@d.example"]}, True),
		({"email": ["a@b.example", " A@B.example ", ""]}, False),
		({"email": ["a@b.example"]}, False),
		({"email": "a@b.example"}, False),
		({"email": "a@b.example", "additional_email": "c@d.example"}, True),
		({"email": ["a@b.example", "c@d.example"], "additional_email": ""}, False),
	],
)
def test_the_additional_email_is_a_second_address(contact, is_there):
	row = StageField("Client", "leave", "Contact", "additional_email", "set", "Additional email")

	assert stages.is_met(row, {"Contact": contact}) is is_there


def test_the_reason_is_the_rows_own_or_its_requirements():
	row = StageField("SQL", "enter", "Deal", "amount", "positive", "Budget", "Сумма")
	own = replace(row, reason="How much?")

	assert stages.unmet({}, [row]) == (
		Missing("Deal", "amount", "Budget", "Сумма", "{label} must be above zero."),
	)
	assert stages.unmet({}, [own]) == (Missing("Deal", "amount", "Budget", "Сумма", "How much?"),)


# Cards


@pytest.mark.parametrize("required_from", ["", "Stage table", "MQL"])
def test_a_card_is_made_freely_unless_the_strict_preset_is_on(required_from):
	assert stages.card_missing({}, required_from) == ()


def test_the_strict_preset_wants_the_whole_identity_at_creation():
	contact = {
		"first_name": "Иван",
		"last_name": "Петров",
		"phone": "+74950000000",
		"mobile_no": "+79110000000",
		"pcrm_birth_date": date(1980, 2, 29),
	}

	assert [m.label_en for m in stages.card_missing({"Contact": contact}, "At Creation")] == ["Private email"]
	assert stages.card_missing({"Contact": {**contact, "private_email": "ivan@mail.ru"}}, "At Creation") == ()


def test_identity_can_be_asked_from_a_stage_on():
	table = (*stages.shipped_stage_fields(), *stages.identity_fields("SQL"))
	added = set(names(stages.required_at(OWN_SALE, "SQL", table))) - set(
		names(stages.required_at(OWN_SALE, "SQL"))
	)

	assert stages.required_at(OWN_SALE, "MQL", table) == stages.required_at(OWN_SALE, "MQL")
	assert added == {"Contact.phone", "Contact.mobile_no", "Contact.private_email", "Contact.pcrm_birth_date"}
	assert "Contact.private_email" in names(stages.capture_missing({}, stages.identity_fields("At Creation")))


# The administrator's table


def test_every_problem_of_an_edited_table_is_told():
	good = StageField("MQL", "enter", "Contact", "email|phone", "any", "Email or phone")
	rows = [
		good,
		StageField("Converted", "during", "Deals", "amount", "some", ""),
		StageField("SQL", "enter", "Counterparty", "turnover|size", "set", "Size"),
		StageField("SQL", "leave", "Deal", "revenue", "positive", "Revenue"),
		good,
	]
	fields = {"Contact": (), "Counterparty": {"size"}, "Deal": {"amount"}}

	assert stages.check_table(rows, fields) == (
		TableProblem(2, "Row {row}: {value} is not a stage that has requirements.", "Converted"),
		TableProblem(2, "Row {row}: {value} is neither enter nor leave.", "during"),
		TableProblem(2, "Row {row}: there is no requirement {value}.", "some"),
		TableProblem(2, "Row {row}: {value} is none of Contact, Counterparty and Deal.", "Deals"),
		TableProblem(2, "Row {row}: the label of {value} is empty.", "amount"),
		TableProblem(3, "Row {row}: Counterparty has no field {value}.", "turnover"),
		TableProblem(3, "Row {row}: several fields ({value}) need the requirement any.", "turnover|size"),
		TableProblem(4, "Row {row}: neither lead nor deal has a field {value}.", "revenue"),
		TableProblem(5, "Row {row} asks for the same as row {value}.", "1"),
	)


def test_an_edited_table_takes_the_place_of_the_shipped_one():
	table = [StageField("Cold Lead", "leave", "Deal", "needs", "set", "Needs")]
	rows = stages.required_at(OWN_SALE, "MQL", table)

	assert "Deal.needs" in names(rows)
	assert "Counterparty.title" not in names(rows)
	assert stages.required_at(REFERRAL, "Client", table) == stages.required_at(REFERRAL, "Client")


# ICP scoring

FACTS = {
	"Counterparty": {"industry": "Pharma", "category": "A", "founded_on": date(2001, 5, 1), "size": ""},
	"Deal": {"potential_value": Decimal(15000)},
}


@pytest.mark.parametrize(
	("fieldname", "operator", "value", "fits"),
	[
		("Counterparty.industry", "=", "pharma ", True),
		("industry", "=", "Pharma", True),
		("Counterparty.industry", "!=", "Retail", True),
		("Counterparty.industry", "in", "Retail, Pharma", True),
		("Counterparty.industry", "in", "Retail", False),
		("Counterparty.industry", "not in", "Retail", True),
		("Counterparty.industry", ">", "A", False),
		("Deal.potential_value", "=", "15000.00", True),
		("Deal.potential_value", ">=", "15000", True),
		("Deal.potential_value", ">", "15000", False),
		("Deal.potential_value", "<", "9", False),
		("Deal.potential_value", "<=", "NaN", False),
		("Counterparty.founded_on", "<", "2010-01-01", True),
		("Counterparty.founded_on", ">", "2010-01-01", False),
		("Counterparty.founded_on", "<", "10", False),
		("Counterparty.size", "is set", "", False),
		("Counterparty.size", "is not set", "", True),
		("Counterparty.size", "!=", "1-10", False),
		("Counterparty.size", "not in", "1-10", False),
		("Contact.designation", "=", "CEO", False),
		("Contact.designation", "is not set", "", True),
	],
)
def test_criteria(fieldname, operator, value, fits):
	profile = IcpProfile("P", "", Decimal(1), (Criterion(fieldname, operator, value),))

	assert stages.icp_score(FACTS, profile).passed is fits


def test_a_score_is_the_sum_of_the_weights_met():
	met = Criterion("industry", "=", "Pharma", Decimal("2.5"))
	malus = Criterion("category", "in", "A,B", Decimal(-1))
	profile = IcpProfile("P", "", Decimal("1.5"), (met, malus, Criterion("category", "=", "C", Decimal(9))))

	assert stages.icp_score(FACTS, profile) == stages.IcpScore(Decimal("1.5"), True, (met, malus))
	assert stages.icp_score(FACTS, replace(profile, threshold=Decimal("1.51"))).passed is False


def test_without_a_profile_there_is_nothing_to_fail():
	assert stages.icp_score(FACTS, None) == stages.IcpScore(Decimal(0), True, ())


def test_an_unknown_operator_is_an_error():
	profile = IcpProfile("P", "", Decimal(1), (Criterion("industry", "~", "Pharma"),))

	with pytest.raises(ValueError, match="There is no operator '~'"):
		stages.icp_score(FACTS, profile)


def test_the_nearest_region_with_a_profile_decides():
	everywhere, asia, almaty = (IcpProfile(name, name, Decimal(1), ()) for name in ("", "Asia", "Almaty"))
	profiles = [everywhere, asia, almaty]

	assert stages.pick_profile(["Almaty", "Kazakhstan", "Asia"], profiles) is almaty
	assert stages.pick_profile(["Astana", "Kazakhstan", "Asia"], profiles) is asia
	assert stages.pick_profile(["Berlin", "Europe"], profiles) is everywhere
	assert stages.pick_profile([], profiles) is everywhere
	assert stages.pick_profile(["Berlin"], [asia]) is None


@given(st.lists(st.sampled_from("abcd"), max_size=4), st.sets(st.sampled_from(["", *"abcd"])))
@settings(max_examples=50)
def test_the_profile_is_the_first_there_is(regions, having):
	profiles = [IcpProfile(region, region, Decimal(1), ()) for region in sorted(having)]
	found = stages.pick_profile(regions, profiles)
	expected = [region for region in [*regions, ""] if region in having]

	assert (found and found.region) == (expected[0] if expected else None)


def test_the_numbers_of_stages_stay_since_they_are_stored():
	assert stages.BITS == {
		"Cold Lead": 1,
		"MQL": 2,
		"SQL": 4,
		"Negotiation": 8,
		"Handed Over": 16,
		"Client": 32,
		"Unqualified": 64,
		"Lost": 128,
		"Converted": 256,
	}
	assert all(stages.stages_in(stages.set_of(some)) == {*some} for some in (["MQL"], ["Lost", "Client"], []))
