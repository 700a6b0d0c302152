"""The Maven sales pipeline as history: 8,800 opportunities of a computer dealer, from the CSV into records."""

from __future__ import annotations

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "data" / "maven"
REWARD = Decimal("0.10")
SECONDS_A_DAY = 86_400


def rows(name: str) -> list[dict[str, str]]:
	with (FOLDER / name).open(encoding="utf-8", newline="") as source:
		return list(csv.DictReader(source))


def day(text: str) -> date | None:
	return datetime.strptime(text, "%m/%d/%Y").date() if text else None


def _deal(row: dict[str, str], offices: dict[str, str]) -> dict[str, Any]:
	began, closed = day(row["engage_date"]), day(row["close_date"])
	return {
		"name": row["opportunity_id"],
		"responsible": row["sales_agent"],
		"region": offices[row["sales_agent"]],
		"product_group": row["product"],
		"counterparty": row["account"] or None,
		"stage": {"Prospecting": "Cold Lead", "Engaging": "SQL", "Won": "Client", "Lost": "Lost"}[
			row["deal_stage"]
		],
		"began": began,
		"closed": closed,
		"days": (closed - began).days if closed else None,
		"value": Decimal(row["close_value"]) if row["close_value"] else None,
	}


def pipeline() -> list[dict[str, Any]]:
	offices = {row["sales_agent"]: row["regional_office"] for row in rows("sales_teams.csv")}
	return [_deal(row, offices) for row in rows("sales_pipeline.csv")]


def fill(site: Any, deals: list[dict[str, Any]]) -> Any:
	"""Into an empty `reports_reference.Site`. Each agent's office is a channel, each product a programme that pays ten percent of a won deal."""
	for deal in deals:
		name, stage = deal["name"], deal["stage"]
		who = {field: deal[field] for field in ("responsible", "region", "counterparty")}
		who |= {"channel": deal["region"], "program": deal["product_group"]}
		if stage == "Cold Lead":
			site.add(
				"Partner Lead",
				name=name,
				**who,
				product_group=deal["product_group"],
				stage=stage,
				registered_on=deal["began"],
			)
			site.passed("Partner Lead", name, stage)
			continue
		site.add(
			"Partner Deal",
			name=name,
			**who,
			product_group=deal["product_group"],
			stage=stage,
			registered_on=deal["began"],
			closed_on=deal["closed"],
			won_on=deal["closed"] if stage == "Client" else None,
			days_to_client=deal["days"] if stage == "Client" else None,
			base_amount=deal["value"],
			payout_terms="{}" if stage == "Client" else None,
			probability=50,
		)
		stages = ("SQL",) if stage == "SQL" else ("SQL", stage)
		site.passed("Partner Deal", name, *stages, seconds=[deal["days"] and deal["days"] * SECONDS_A_DAY])
		if stage == "Client":
			site.add(
				"Payout",
				**{field: value for field, value in who.items() if field != "counterparty"},
				deal=name,
				client=deal["counterparty"] or name,
				direction="Receivable",
				status="Expected",
				instalment=1,
				won_on=deal["closed"],
				days_to_client=deal["days"],
				base_amount=deal["value"] * REWARD,
			)
	return site
