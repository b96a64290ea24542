"""How numba compiles a kernel that other kernels call: it is typed and lowered, and optimised with its callers alone.

Numba optimises every function by itself, and makes machine code of it. Then it links the function's LLVM code, and all
that it calls, into each of its callers, and optimises that again: the deeper the calls, the more often. What Python
never calls needs no machine code of its own. Such a kernel is a part: its module holds its code and that of the parts
it calls, as numba wrote it; the outermost kernel links it, and LLVM optimises the whole once.

This rests on internals of numba, tried with the oldest version that this package takes and with the newest there was:
0.60 and 0.68. With a later one `pipeline` is empty, and numba compiles parts as it compiles everything.
"""

from __future__ import annotations

from typing import Any

import numba

pipeline: dict[str, Any] = {}
if numba.version_info.short <= (0, 68):
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import CompilerBase, DefaultPassBuilder
    from numba.core.compiler_machinery import LoweringPass, register_pass
    from numba.core.typed_passes import NativeLowering

    class _Part(JITCodeLibrary):
        """A module that only other modules link: what it calls is linked in, and nothing else is done to it."""

        def _optimize_final_module(self) -> None:
            pass

        def _finalize_final_module(self) -> None:
            self._finalize_dynamic_globals()
            self._finalized = True

    @register_pass(mutates_CFG=False, analysis_only=False)
    class _Begin(LoweringPass):
        """Before lowering: the module is a part, which has no address."""

        _name = "therml_exact_part"

        def __init__(self) -> None:
            LoweringPass.__init__(self)

        def run_pass(self, state: Any) -> bool:
            state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
            state.flags.no_compile = True
            return True

    @register_pass(mutates_CFG=False, analysis_only=False)
    class _End(LoweringPass):
        """After lowering: callers find the part by a builtin method of an object of its own, in place of the code."""

        _name = "therml_exact_part_known"

        def __init__(self) -> None:
            LoweringPass.__init__(self)

        def run_pass(self, state: Any) -> bool:
            lowered = state["cr"]._replace(cfunc=object().__sizeof__)
            state.targetctx.insert_user_function(lowered.cfunc, lowered.fndesc, [state.library])
            state.reload_init.extend(getattr(state.library, "_reload_init", ()))  # numba 0.60 has none
            state["cr"] = lowered
            return True

    class _Compiler(CompilerBase):
        """Numba's compiler, with parts."""

        def define_pipelines(self) -> list[Any]:
            passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
            at = [which for which, _ in passes.passes].index(NativeLowering)
            passes.passes.insert(at, (_Begin, "make it a part"))
            passes.add_pass_after(_End, NativeLowering)
            passes.finalize()
            return [passes]

    pipeline = {"pipeline_class": _Compiler}
