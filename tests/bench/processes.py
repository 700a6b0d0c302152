"""Processes that end when their owner ends, whatever the reason."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1


class StartError(Exception):
	"""A process ended, or said nothing, before it was ready."""


def free_port() -> int:
	with socket.socket() as probe:
		probe.bind(("127.0.0.1", 0))
		return probe.getsockname()[1]


def start(command: list, log: Path, survives: bool = False, **options) -> subprocess.Popen:
	"""Starts a process in a group of its own (so Ctrl-C doesn't reach it); unless it survives, it ends when we are killed."""
	with log.open("ab") as output:
		return subprocess.Popen(
			command,
			stdin=subprocess.DEVNULL,
			stdout=output,
			stderr=subprocess.STDOUT,
			start_new_session=True,
			preexec_fn=None if survives else end_with_parent,
			**options,
		)


def wait_until(ready: Callable[[], bool], process: subprocess.Popen, log: Path, seconds: float = 60) -> None:
	deadline = time.monotonic() + seconds
	while not ready():
		if process.poll() is not None or time.monotonic() > deadline:
			raise StartError(f"{Path(process.args[0]).name} did not start:\n{tail(log)}")
		time.sleep(0.05)


def stop(pid: int, seconds: float = 20) -> None:
	"""Asks the group to end, and ends it when it does not."""
	for how in (signal.SIGTERM, signal.SIGKILL):
		if not _signal(pid, how):
			return
		deadline = time.monotonic() + seconds
		while time.monotonic() < deadline:
			if not is_alive(pid):
				return
			time.sleep(0.02)


def is_alive(pid: int) -> bool:
	"""False for a zombie too, which is reaped here when it is our child."""
	try:
		if os.waitpid(pid, os.WNOHANG)[0]:
			return False
	except ChildProcessError:
		pass
	try:
		state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
	except OSError:
		return _signal(pid, 0) if not Path("/proc/self").exists() else False
	return state != "Z"


def tail(log: Path, lines: int = 30) -> str:
	return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _signal(pid: int, number: int) -> bool:
	try:
		os.killpg(pid, number)
	except (ProcessLookupError, PermissionError):
		return False
	return True


def end_with_parent() -> None:
	"""Linux tells the child when its parent was killed; elsewhere only an orderly end does."""
	with suppress(AttributeError, OSError):
		ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
