"""Grounds that recur: where an equation comes from if it is no publication's, and documents that several rest on."""

# What holds by the meaning of the words, or because nothing appears or vanishes.
DEFINITION = "definition"
IDENTITY = "accounting identity"
PEOPLE = "conservation of people"
CONTACTS = "conservation of contacts"

# Values at the start.
START = "value at the start, from the place's data"
STEADY = "value at the start: what steady flows at the place's data hold"
NOT_BEGUN = "nought at the start: procurement in volume had not begun"
INDEX = "index, one at the start"
AT_START = "definition, at the place's values of the start"
HELD = "its own value at the start, held, against which changes count"

# Forms of system dynamics.
LEARNED = "first-order information delay: Sterman 2000, Business Dynamics"
ADJUSTED = "first-order adjustment to a goal: Sterman 2000, Business Dynamics"
UPGRADED = "co-flow with the hospitals upgraded: Sterman 2000, Business Dynamics"
DISEASE = "disease compartments of Jones et al 2006, Am J Public Health 96:488"

# Forms of this model, each with its reason.
MULTIPLIED = "own formulation: effects multiply, each one at the start, so that none hangs on another"
AS_CASH_ALLOWS = "own formulation: first-order payment, slowed with cash so that it never runs out"
REMAINDER = "remainder: the published total less what is modelled, as a share of output"

# Official documents and statistics. The first is the notice No. 29 [2024] of the General Office of the State Council,
# Priority Tasks for Further Reforming the Pharmaceutical and Healthcare Systems for 2024.
TASKS = "Priority Tasks for 2024, No. 29 [2024]"
DECISION = "Decision on basic medical insurance for urban employees 1998"
PUBLISHED = "China Statistical Yearbook: total health expenditure by source of funds"
COUNTED = "as counted in the China Health Statistical Yearbook"
