"""What the scheduler starts."""

from __future__ import annotations

from datetime import date

from frappe.utils import getdate

from partner_crm.services import review


def review_deals(today: date | str | None = None) -> None:
	"""The nightly review of deals, leads, interactions and contacts, by all that was recorded before `today` began.

	Any number of reruns for one day change nothing more. `today` is a day of the site's time zone.
	"""
	review.run(getdate(today))
