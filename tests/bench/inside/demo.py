"""Fills a site with the demonstration company: python -m tests.bench.inside.demo SITE"""

import importlib.util
import sys

import frappe


def main(site: str) -> None:
	if not importlib.util.find_spec("partner_crm.services.demo"):
		print("The app has no demonstration data yet (partner_crm.services.demo): the site is empty.")
		return
	from partner_crm.services.demo import make_demo

	frappe.init(site=site, sites_path=".")
	frappe.connect()
	make_demo()
	frappe.db.commit()
	print("The site holds the demonstration company.")


if __name__ == "__main__":
	main(*sys.argv[1:])
