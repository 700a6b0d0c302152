"""Runs the suites that need a real bench on a throw-away site, and leaves that bench as it was.

Only the standard library is used: these modules run with the checkout's own Python and, inside pytest, with the bench's.
"""
