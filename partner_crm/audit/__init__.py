"""The main job of the command line: judge a spreadsheet of clients by the app's own rules and reports."""

from partner_crm.audit.run import run_audit

__all__ = ["run_audit"]
