"""Reading a spreadsheet of clients as people really keep them: files, headings, cells.

`read` opens a file and gives a `ClientBase`, whose `records()` say what every row means in the app's own
words.
"""

from __future__ import annotations

from partner_crm.client_base.problems import Problem, UnreadableFile
from partner_crm.client_base.records import ClientBase, Record, read

__all__ = ["ClientBase", "Problem", "Record", "UnreadableFile", "read"]
