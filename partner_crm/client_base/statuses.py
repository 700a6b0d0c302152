"""Which stage a status means: "В работе" is one stage of a referral and another of our own sale.

The phrases are data, in `statuses.csv`: stage, track (blank where it holds for both), language, phrase.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from partner_crm.client_base.words import key, shipped

OWN_SALE = "Own Sale"
REFERRAL = "Referral"

# What ends a lead and what ends a deal: a refusal is the one or the other, by what is known of the row.
UNQUALIFIED = "Unqualified"
LOST = "Lost"


def parse_stage(text: str, track: str, *, is_deal: bool = True) -> tuple[str, str] | None:
	"""The stage and the track that a status stands for; None if the phrase is not known.

	`track` is what the rest of the row tells; a phrase that exists on the other track only ("MQL") moves the
	row there. `is_deal`: the row has facts that only a deal has, so that "Отказ" in our own sale is Lost and
	not Unqualified (the funnel: a lead is disqualified, a deal is lost).
	"""
	phrase = key(text)
	found = _phrases().get(phrase) or _phrases().get(phrase.lstrip("0123456789"))
	if not found:
		return None
	if track not in found:
		track = next(iter(found))
	stages = found[track]
	if len(stages) > 1 and LOST in stages:
		return (LOST if is_deal else UNQUALIFIED), track
	return stages[0], track


@cache
def _phrases() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
	"""Key of a phrase -> track -> the stages it can stand for."""
	found: dict[str, dict[str, list[str]]] = {}
	for line in shipped("statuses.csv"):
		for track in (line["track"],) if line["track"] else (OWN_SALE, REFERRAL):
			stages = found.setdefault(key(line["phrase"]), {}).setdefault(track, [])
			if line["stage"] not in stages:
				stages.append(line["stage"])
	return {
		phrase: {track: tuple(stages) for track, stages in tracks.items()} for phrase, tracks in found.items()
	}
