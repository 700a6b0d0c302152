"""What the scheduler starts."""

from __future__ import annotations

from datetime import date

import frappe
from frappe.utils import getdate

from partner_crm.services import claims, payout_status, reconciliation, review, rollups, runs, schemes


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


def expire_claims(today: date | str | None = None) -> None:
	"""Nightly: partners' claims whose last day has passed. Until then, the registration that meets one expires it."""
	is_more = True
	while is_more:
		is_more = claims.expire_some(getdate(today))
		frappe.db.commit()


def refresh_rollups() -> None:
	"""Every ten minutes: the sums of reports, as far as documents have changed."""
	rollups.start()


def check_rollups() -> None:
	"""Nightly: the sums of reports against the documents."""
	rollups.check_and_mend()


def reconcile_payouts(today: date | str | None = None) -> None:
	"""Weekly: mends what partners' money lacks as far as it can, and makes a task of each gap that is left.

	Any number of reruns for one day change nothing more.
	"""
	expire_claims(today)
	reconciliation.run(getdate(today))
