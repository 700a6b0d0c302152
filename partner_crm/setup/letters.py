"""The Email Templates that a site starts with. What an administrator makes of them stays."""

import frappe

TEMPLATE = "Open Payouts of a Programme"

_BODY = """<p>{greeting}</p>
<p>{intro}</p>
<table border="1" cellpadding="4" cellspacing="0">
<tbody>
<tr>{head}</tr>
{{% for row in rows %}}<tr>
<td>{{{{ row.client }}}}</td>
<td>{{{{ row.won_on }}}}</td>
<td style="text-align: right">{{{{ row.amount }}}} {{{{ row.currency }}}}</td>
<td>{{{{ row.due_on }}}}</td>
<td>{{% if row.days_late %}}{late}{{% else %}}{not_yet}{{% endif %}}</td>
</tr>
{{% endfor %}}</tbody>
</table>
<p>{{% for total in totals %}}<b>{total}: {{{{ total.amount }}}} {{{{ total.currency }}}}</b><br>{{% endfor %}}</p>
<p>{request}</p>
<p>{farewell}<br>{{{{ sender }}}}</p>
"""


def _body(head: tuple[str, ...], **texts: str) -> str:
	return _BODY.format(head="".join(f"<td><b>{title}</b></td>" for title in head), **texts)


TEMPLATES = {
	TEMPLATE: (
		"{{ program }}: rewards open on {{ today }}",
		_body(
			("Client", "Won on", "Amount", "Due on", "Late"),
			greeting="Hello,",
			intro="these are the clients whom we have brought to the programme {{ program }} and whose reward is still open on {{ today }}:",
			late="{{ row.days_late }} days",
			not_yet="not yet",
			total="Total",
			request="Please tell us when we can expect the payment, or what is missing on your side.",
			farewell="Kind regards,",
		),
	),
	f"{TEMPLATE} (ru)": (
		"{{ program }}: вознаграждение, открытое на {{ today }}",
		_body(
			("Клиент", "Выигран", "Сумма", "Срок выплаты", "Просрочено"),
			greeting="Здравствуйте!",
			intro="Это клиенты, которых мы привели по программе {{ program }} и вознаграждение за которых на {{ today }} ещё не выплачено:",
			late="{{ row.days_late }} дн.",
			not_yet="ещё нет",
			total="Итого",
			request="Сообщите, пожалуйста, когда ожидать выплату или чего не хватает с вашей стороны.",
			farewell="С уважением,",
		),
	),
}


def make_letters() -> None:
	for name, (subject, body) in TEMPLATES.items():
		if not frappe.db.exists("Email Template", name):
			values = {"name": name, "subject": subject, "use_html": 1, "response_html": body}
			frappe.get_doc({"doctype": "Email Template", **values}).insert()


def drop_letters() -> None:
	frappe.db.delete("Email Template", {"name": ("in", list(TEMPLATES))})
