"""A flat model becomes a compiled kernel: from the cache if it was compiled before, else through LLVM."""

from __future__ import annotations

from collections.abc import Sequence

from . import cache
from .errors import ModelError
from .flat import FlatModel
from .kernel import Compiled
from .layout import Layout, Options, default_keep, plan
from .machine import LoadedCode, assemble, host


def compile_model(
    flat: FlatModel,
    keep: Sequence[str] | None = None,
    method: str = "rk4",
    *,
    every_step: bool = False,
    model_hash: str | None = None,
    width: int | None = None,
) -> Compiled:
    """Compile a model for batches of runs.

    Parameters
    ----------
    flat : the model.
    keep : flat names whose values are reported; all stocks, equations, dated inputs and references if None.
    method : ``rk4`` (Runge-Kutta of order four) or ``euler``.
    every_step : report values at every step instead of years.
    model_hash : hash of everything the flat model depends on; with it a kernel in the cache is found without writing
        the model's code again.
    width : scenarios in a vector; that of the processor if None.

    Raises
    ------
    ModelError
        If a kept name or the method is unknown, a name is kept twice, or an equation reads what is not there.
    """
    machine = host()
    kept = default_keep(flat) if keep is None else tuple(keep)
    twice = [name for name in kept if kept.count(name) > 1] if len(set(kept)) < len(kept) else []
    if twice:
        raise ModelError(f"keep: {twice[0]!r} is listed twice; list each name once")
    lanes = width or machine.width
    options = Options(kept, method, every_step, lanes, permute=lanes == machine.width == 8)
    layout = plan(flat, options)
    text = None
    if model_hash is None:
        text = _text(layout)
        key_parts = ["text", text]
    else:
        flags = [method, str(every_step), str(options.width), str(options.permute), str(len(kept))]
        key_parts = ["hash", model_hash, *flags, *kept]
    key = cache.make_key(cache.engine_version(), machine.processor, machine.features, machine.version, *key_parts)
    code = cache.load(key)
    if code is None:
        code = assemble(text if text is not None else _text(layout))
        cache.save(key, code)
    return Compiled(flat, layout, LoadedCode(code))


def _text(layout: Layout) -> str:
    from .module_ir import module_text  # only a model that is not in the cache needs the writers

    return module_text(layout)
