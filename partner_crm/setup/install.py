import frappe

from partner_crm.services import runs
from partner_crm.setup import identity_buckets
from partner_crm.setup.core_permissions import grant_core_permissions
from partner_crm.setup.custom_fields import make_custom_fields
from partner_crm.setup.indexes import add_indexes, drop_unused_indexes
from partner_crm.setup.kanban_boards import make_kanban_boards
from partner_crm.setup.presets import make_presets


def after_install() -> None:
	make_custom_fields()
	add_indexes()
	drop_unused_indexes()
	grant_core_permissions()
	make_presets()
	identity_buckets.make()
	make_kanban_boards()
	if frappe.db.count("Contact"):
		runs.start(runs.POSSIBLE_DUPLICATES)
