"""Subscripts and accounts: who is counted, and who holds money."""

from ..stockflow import Account, Subscript

tier = Subscript("tier", ["tertiary", "secondary", "primary"])
care = Subscript("care", ["outpatient", "inpatient"])
bill_item = Subscript("bill_item", ["drugs", "consumables", "tests", "services"])
scheme = Subscript("scheme", ["employee", "resident"])
age = Subscript("age", ["children", "adults", "older"])
product = Subscript("product", ["winners", "originators", "other_generics"])
family = Subscript("family", ["need_bound", "expandable", "bulk"])
tail_cut = Subscript("tail_cut", ["critical_from", "critical_to", "later_low", "later_mid", "later_top"])
cover = Subscript("cover", ["ordinary", "aided", "private"])
obligation = Subscript("obligation", ["free", "bonded"])
crossroads = Subscript("crossroads", ["graduate", "bonded_graduate", "bond_end"])
training_year = Subscript(
    "training_year", ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
)
burden = Subscript("burden", ["catastrophic", "severe"])
band_edge = Subscript("band_edge", ["floor", "top"])

# Accounts with a cash stock of their own.
provider = Account("provider", over=tier)
fund = Account("fund", over=scheme)
personal_account = Account("personal_account")
insurer = Account("insurer")
consortium = Account("consortium")
maternity_fund = Account("maternity_fund")
medical_assistance = Account("medical_assistance")

# Outside accounts: their net is reported, and they are never short (a state, an economy, lenders).
household = Account("household")
government = Account("government")
economy = Account("economy")
other_payer = Account("other_payer")
pharmacy = Account("pharmacy")
other_provider = Account("other_provider")
outside_provider = Account("outside_provider")
drug_firm = Account("drug_firm")
device_firm = Account("device_firm")
health_worker = Account("health_worker")
supplier = Account("supplier")
lender = Account("lender")
