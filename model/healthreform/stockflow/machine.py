"""The processor: its vector width, LLVM's passes over a module's text, and object code made callable."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import llvmlite
import llvmlite.binding as llvm

from .errors import StockflowError


@dataclass(frozen=True)
class Host:
    """What object code depends on besides its text."""

    processor: str
    features: str
    width: int
    version: str


@functools.cache
def host() -> Host:
    """The processor this runs on; the width of its vectors in doubles is 8, 4 or 2."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    found = llvm.get_host_cpu_features()
    width = 8 if found.get("avx512f") and found.get("avx512dq") else 4 if found.get("avx2") and found.get("fma") else 2
    return Host(llvm.get_host_cpu_name(), found.flatten(), width, f"{llvmlite.__version__}/{llvm.llvm_version_info}")


def _target_machine() -> llvm.TargetMachine:
    """A new target machine; the small code model reads constants without loading their address first."""
    machine = host()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=machine.processor, features=machine.features, opt=2, reloc="pic", codemodel="small", jit=True
    )


def attributes(width: int) -> str:
    """Attributes of every function.

    Whole vectors in registers, also on processors that prefer half of them; and a stack aligned to vectors, without
    which every value that is put aside for a while lies across two cache lines.
    """
    sizes = {"prefer-vector-width": 64 * width, "min-legal-vector-width": 64 * width}
    listed = " ".join(f'"{name}"="{size}"' for name, size in sizes.items())
    return f"attributes #0 = {{ alignstack={8 * width} {listed} }}\n"


def assemble(text: str) -> bytes:
    """Object code of a module written as LLVM text."""
    host()
    module = llvm.parse_assembly(text)
    machine = _target_machine()
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.add_instruction_combine_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)
    return bytes(machine.emit_object(module))


class LoadedCode:
    """Object code in memory; it stays there as long as this object lives."""

    def __init__(self, code: bytes) -> None:
        host()
        # llvmlite's own memory manager keeps code and constants together, as the small code model needs.
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine(), use_lmm=True)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, name: str) -> int:
        """Address of a function."""
        found = int(self._engine.get_function_address(name))
        if not found:
            raise StockflowError(f"compiled code has no function {name!r}; clear the cache folder")
        return found
