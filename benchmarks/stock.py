"""Cards that are there already: giving all of them their keys, and looking for near matches among them."""

from __future__ import annotations

from benchmarks.figures import line

CARDS_A_SECOND = 3000
SCANNED = 100_000


def run(small, large) -> None:
	seconds, cards = large.worker.do("take_over")
	rate = cards / seconds
	print(
		line(
			f"the back-fill of {cards:,} contacts",
			rate / CARDS_A_SECOND,
			1,
			f"{rate:,.0f} cards a second",
			at_least=True,
		),
		flush=True,
	)
	reading, scanning, found = large.worker.do("scan", SCANNED)
	more = f"{scanning:.1f} s against {reading:.1f} s, {found:,} pairs found"
	print(line(f"the near-match scan of {SCANNED:,} contacts", scanning / reading, 10, more), flush=True)
