"""What deals count for by their probability is stored, for the report builder to add up."""

import frappe


def execute() -> None:
	deal = frappe.qb.DocType("Partner Deal")
	weighted = deal.base_amount * deal.probability / 100
	frappe.qb.update(deal).set(deal.weighted_amount, weighted).where(deal.weighted_amount == 0).run()
