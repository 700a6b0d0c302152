"""What the scheduler starts."""

from __future__ import annotations

from datetime import date

from frappe.utils import getdate

from partner_crm.services import payout_status, review, runs, schemes


def review_deals(today: date | str | None = None) -> None:
	"""The nightly review of deals, leads, interactions and contacts, by all that was recorded before `today` began.

	Any number of reruns for one day change nothing more. `today` is a day of the site's time zone.
	"""
	review.run(getdate(today))


def confirm_payouts(today: date | str | None = None) -> None:
	"""Daily: payouts whose hold is over are confirmed."""
	payout_status.confirm(getdate(today))


def check_identity_keys() -> None:
	"""Nightly: every card against the keys that it holds."""
	schemes.resume()
	runs.start(runs.CHECK_KEYS)


def find_possible_duplicates() -> None:
	"""Nightly: near matches among all cards."""
	runs.start(runs.POSSIBLE_DUPLICATES)


def resume_identity_runs() -> None:
	"""Hourly: goes on with runs whose worker was killed."""
	runs.resume()
