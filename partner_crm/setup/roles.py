"""The names of our roles, which fixtures/role.json makes."""

SALES_HEAD = "Partner CRM Manager"
SALES_MANAGER = "Partner CRM User"
MARKETING = "Partner CRM Marketing"
ACCOUNTANT = "Partner CRM Accountant"
PARTNER = "Partner Portal User"

ROLES = (SALES_HEAD, SALES_MANAGER, MARKETING, ACCOUNTANT, PARTNER)
