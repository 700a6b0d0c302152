"""Work that goes on beside other work, in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import TypeVar

Result = TypeVar("Result")


@contextmanager
def beside(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
	"""Starts `work` in a copy of this process and gives the function that waits for its result.

	A copy (fork) sees all that was read so far without its being sent. Where the system has no copies, or no second processor to run one
	on, the function does the work itself when it is called. What the work raises, the function raises.
	"""
	if "fork" not in multiprocessing.get_all_start_methods() or (os.cpu_count() or 1) < 2:
		yield work
		return
	context = multiprocessing.get_context("fork")
	receiver, sender = context.Pipe(duplex=False)
	process = context.Process(target=_send, args=(work, sender), daemon=True)
	process.start()
	sender.close()
	try:
		yield lambda: _receive(receiver)
	finally:
		receiver.close()
		process.terminate()
		process.join()


def _send(work: Callable[[], Result], sender: Connection) -> None:
	try:
		outcome: tuple[Result | None, Exception | None] = (work(), None)
	except Exception as error:
		outcome = (None, error)
	sender.send(outcome)


def _receive(receiver: Connection) -> Result:
	result, error = receiver.recv()
	if error is not None:
		raise error
	return result
