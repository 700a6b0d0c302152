"""What a client has really paid, and what of it counts: payments less what went back, never more than is invoiced.

Everything that reduces an invoice is an *entry* against it: a payment, a journal entry, an advance that was allocated,
another invoice's credit note that was set off. A credit note itself is none: it makes less invoiced. So a credit note
for an invoice that is not paid takes nothing back, one for a paid invoice does so at once, and the money that then goes
back to the client changes nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Invoice:
	"""An invoice, or with a negative `total` a credit note, which is for the invoice `against`, if for any.

	`total` with tax, in the currency of the client's account.
	"""

	name: str
	total: Decimal
	currency: str
	against: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
	"""What one voucher pays on one invoice; negative if it gives money back. In the currency of the account."""

	voucher_type: str
	voucher: str
	invoice: str
	amount: Decimal
	paid_on: date

	@property
	def key(self) -> str:
		return f"{self.voucher_type}/{self.voucher}/{self.invoice}"


def kept(invoices: Iterable[Invoice], entries: Iterable[Entry]) -> dict[str, tuple[Entry, Decimal]]:
	"""The payments that count, by their keys, each with how much of it does; what counts for nothing is left out.

	What goes back is taken from an invoice's last payments first; and what a credit note without an invoice gives
	back, from the last payments of the others in its currency.
	"""
	by_name = {invoice.name: invoice for invoice in invoices}
	totals: defaultdict[str, Decimal] = defaultdict(Decimal)
	payments: defaultdict[str, list[Entry]] = defaultdict(list)
	returned: defaultdict[str, Decimal] = defaultdict(Decimal)
	for invoice in by_name.values():
		totals[_group(invoice, by_name)] += invoice.total
	for entry in sorted(entries, key=lambda entry: (entry.paid_on, entry.key)):
		group = _group(by_name[entry.invoice], by_name)
		if entry.amount > 0:
			payments[group].append(entry)
		else:
			returned[group] -= entry.amount
	counting: dict[str, Decimal] = {}
	owed_by_others: defaultdict[str, Decimal] = defaultdict(Decimal)
	for group, total in totals.items():
		paid = sum((entry.amount for entry in payments[group]), ZERO)
		counts = min(paid - returned[group], total)
		_take_from_last(payments[group], paid - counts, counting)
		owed_by_others[by_name[group].currency] -= min(counts, ZERO)
	for currency, amount in owed_by_others.items():
		same = [
			entry for group in payments for entry in payments[group] if by_name[group].currency == currency
		]
		same.sort(key=lambda entry: (entry.paid_on, entry.key))
		_take_from_last(same, amount, counting)
	return {
		entry.key: (entry, counting[entry.key])
		for group in payments.values()
		for entry in group
		if counting[entry.key]
	}


def _group(invoice: Invoice, by_name: dict[str, Invoice]) -> str:
	return invoice.against if invoice.against in by_name else invoice.name


def _take_from_last(entries: Sequence[Entry], amount: Decimal, counting: dict[str, Decimal]) -> None:
	for entry in reversed(entries):
		left = counting.get(entry.key, entry.amount)
		part = min(left, max(amount, ZERO))
		counting[entry.key] = left - part
		amount -= part
