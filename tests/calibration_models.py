"""A place small enough to fit by hand: what is observed is a level, a straight line, and a product of three."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pandas as pd

import healthreform as hr
from healthreform.assembly import UNITS
from healthreform.stockflow import Records

EQUATIONS = '''"""Level, line and product."""

from healthreform.stockflow import Subscript, auxiliary

side = Subscript("side", ["left", "right"])


@auxiliary("yuan/year")
def turnover(level, idle):
    """A level in yuan; what is idle does nothing to it."""
    return level * (1 + 0 * idle)


@auxiliary("dimensionless")
def line(intercept, slope, clock):
    """A straight line."""
    return intercept + slope * clock


@auxiliary("yuan/year", over=side)
def product(base, one, other):
    """Three numbers of which only the product shows."""
    return base * one * other


@auxiliary("year")
def delay_time(delay, waiting):
    """Kept in months in the file."""
    return delay * (1 + waiting)
'''

RECORDS = """# The parameters of a small place.

[parameters.level]  # first
unit = "yuan/year"
value = 100.0
low = 50.0
high = 200.0
distribution = "loguniform"
description = "d"
source = "a guess"
grade = "assumed"

[parameters.idle]
unit = "dimensionless"
value = 0.5
low = 0.0
high = 1.0
description = "d"
source = "s"
grade = "assumed"

[parameters.intercept]
unit = "dimensionless"
value = 0.4
low = 0.0
high = 1.0
distribution = "triangular"
description = "d"
source = "s"
grade = "assumed"

[parameters.slope]
unit = "1/year"
value = 0.0
low = -0.05
high = 0.05
description = "d"
source = "s"
grade = "estimated"

[parameters.base]
unit = "yuan/year"
over = ["side"]
value = { left = 10.0, right = 20.0 }   # in this order
spread = 0.5  # either way
description = "d"
source = "s"
grade = "assumed"

[parameters.one]
unit = "dimensionless"
over = ["side"]
value = 1.0
low = 0.5
high = 2.0
description = "d"
source = "s"
grade = "assumed"

[parameters.other]
unit = "dimensionless"
value = 1.0
low = 0.5
high = 2.0
description = "d"
source = "s"
grade = "assumed"

[parameters.delay]
unit = "month"
value = 6
low = 1
high = 24
description = "d"
source = "s"
grade = "assumed"

[parameters.waiting]
unit = "percent"
value = 10
spread = 0.3
description = "d"
source = "s"
grade = "assumed"

[parameters.known]
unit = "dimensionless"
value = 1.0
low = 0.5
high = 2.0
description = "d"
source = "s"
grade = "measured"

[parameters.narrow]
unit = "dimensionless"
value = 1.0
distribution = "fixed"
description = "d"
source = "s"
grade = "assumed"

[levers.push]
unit = "dimensionless"
path = [[2010, 0.5]]
low = 0
high = 1
description = "d"
document = "a document"
system = 1

[drivers.clock]
unit = "year"
path = [[2010, -0.5], [2050, 39.5]]   # whole years on the mean of a year
description = "d"
source = "s"
"""

#: The records that no equation above reads.
MORE = '''

@auxiliary("dimensionless")
def rest(known, narrow, push):
    """What only has to be read somewhere."""
    return known * narrow * push
'''


def small_place(folder: Path, values: str = "") -> hr.Place:
    """The place, with its parameters in ``parameters.toml`` of a folder, made if missing; ``values`` are its own."""
    (folder / "equations.py").write_text(EQUATIONS + MORE)
    if not (folder / "parameters.toml").exists():
        (folder / "parameters.toml").write_text(RECORDS)
    (folder / "small.toml").write_text('title = "A small place"\nstart = 2010\n' + values)
    specification = importlib.util.spec_from_file_location("equations", folder / "equations.py")
    assert specification is not None and specification.loader is not None
    equations = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(equations)
    records = Records.load(folder / "parameters.toml", units=UNITS)
    return hr.Place.load(folder / "small.toml", records=records, modules=(equations,))


def observed(name: str, *values: float, first: int = 2010, **more: Any) -> pd.DataFrame:
    """Some values of one series, year after year."""
    years = range(first, first + len(values))
    return pd.DataFrame({"name": name, "year": years, "value": values} | more)
