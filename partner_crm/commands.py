"""What the app adds to `bench`. The command line that needs no bench is cli.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
import frappe
from frappe.commands import get_site, pass_context


@click.command("partner-crm-demo")
@click.option("--force", is_flag=True, help="Also on a site that holds clients of its own.")
@click.option("--password", help="Lets the users of the demonstration log in with it.")
@pass_context
def partner_crm_demo(context, force: bool, password: str | None) -> None:
	"""Fills a site with a demonstration company: users of each role, clients at every stage, half a year of talks.

	What is there already is left as it is, so it can be run again.
	"""
	from partner_crm.services import demo

	with _connected(get_site(context)):
		try:
			made = demo.make_demo(force=force, password=password)
		except demo.DemoRefused as refusal:
			raise click.ClickException(str(refusal)) from None
		frappe.db.commit()
	click.echo(
		"The site holds " + ", ".join(f"{doctype}: {number}" for doctype, number in made.items()) + "."
	)
	click.echo(f"Users: {', '.join(map(demo.address, demo.STAFF))}.")


@click.command("partner-crm-rebuild-rollups")
@pass_context
def partner_crm_rebuild_rollups(context) -> None:
	"""Reckons the sums that reports are made of anew from all documents.

	They keep right by themselves. It is for whoever has written documents by SQL and won't wait for the night, which
	does the same where sums differ.
	"""
	from partner_crm.services import rollups

	with _connected(get_site(context)):
		undone = rollups.rebuild()
	if undone:
		raise click.ClickException(
			f"Not reckoned: {', '.join(undone)}. Another worker is at it, or the Error Log says why not."
		)
	click.echo(f"Reckoned: {', '.join(rollups.ROLLUPS)}.")


@contextmanager
def _connected(site: str) -> Iterator[None]:
	frappe.init(site=site)
	frappe.connect()
	try:
		yield
	finally:
		frappe.destroy()


commands = [partner_crm_demo, partner_crm_rebuild_rollups]
