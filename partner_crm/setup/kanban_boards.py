"""A board by stage for leads and one for deals, made at install and dropped with the DocTypes."""

import json

import frappe

# The fields are those shown on a card; the columns are the stages with their colours.
BOARDS = (
	{
		"title": "Leads by stage",
		"doctype": "Partner Lead",
		"fields": ["responsible", "channel", "next_contact_on"],
		"columns": {
			"Cold Lead": "Light Blue",
			"MQL": "Orange",
			"Handed Over": "Purple",
			"Converted": "Blue",
			"Client": "Green",
			"Unqualified": "Gray",
		},
	},
	{
		"title": "Deals by stage",
		"doctype": "Partner Deal",
		"fields": ["responsible", "amount", "activity_status", "active_until", "next_contact_on"],
		"columns": {
			"SQL": "Light Blue",
			"Negotiation": "Orange",
			"Client": "Green",
			"Lost": "Gray",
		},
	},
)


def make_kanban_boards() -> None:
	for board in BOARDS:
		if not frappe.db.exists("Kanban Board", board["title"]):
			_make(board)


def _make(board: dict) -> None:
	frappe.get_doc(
		{
			"doctype": "Kanban Board",
			"kanban_board_name": board["title"],
			"reference_doctype": board["doctype"],
			"field_name": "stage",
			"fields": json.dumps(board["fields"]),
			"show_labels": 1,
			"columns": [
				{"column_name": stage, "indicator": colour} for stage, colour in board["columns"].items()
			],
		}
	).insert()
