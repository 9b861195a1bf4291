"""The whole of what is compiled, as LLVM text: maths, equations, their dated inputs, and the kernel around them."""

from __future__ import annotations

from .chunks import divide
from .layout import Layout
from .loop_ir import KernelWriter
from .machine import attributes
from .maths_ir import intrinsics_text, maths_text
from .parts_ir import advance_text, bounds_text, look_text, record_text
from .vector_ir import PERMUTE_TEXT
from .write_ir import closing_text, offset, rates_text, start_text


def module_text(layout: Layout) -> str:
    """The whole module: maths, equations and the kernel ``run``."""
    width = layout.options.width
    division = divide(layout)
    rates, used = rates_text(layout, division)
    start, used_at_start = start_text(layout, division)
    closing, used_at_year_end = closing_text(layout, division)
    used |= used_at_start | used_at_year_end
    return "\n".join(
        [
            bounds_text(layout),
            PERMUTE_TEXT if layout.options.permute else "",
            intrinsics_text(width),
            maths_text(width, used, permute=layout.options.permute),
            rates,
            start,
            closing,
            advance_text(layout),
            look_text(layout),
            record_text(layout),
            KernelWriter(layout, division).text(),
            f"define i64 @room() {{ ret i64 {offset(layout, division, 'end') * width} }}",
            attributes(width),
        ]
    )
