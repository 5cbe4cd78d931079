"""The lane kernel with a model's operations written out as C and compiled, beside the one that interprets.

It says what a compiler on the user's machine would gain, and what its work would cost. The text of the kernel
stays as it is; only the functions that work through lists of numbers are replaced by what these lists say.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cases import hour
from goals import Row, in_turn

import jakinib as jk
from jakinib.lanes import Lanes, native
from jakinib.lanes.program import Code, Program
from jakinib.paths import models

RUNS, ROUNDS = 16, 11
SIGNAL = ("pSTAT3_percent",)
# By the number of the operation (expression.py): how many operands there are, and what is done with them.
OPERATIONS = (
    (2, "{} + {}"), (2, "{} - {}"), (2, "{} * {}"), (1, "-{}"), (1, "1.0 / {}"),
    (2, "each2(pow, {}, {})"), (1, "each(exp, {})"), (1, "each(log, {})"), (1, "each(sqrt, {})"),
    (3, "{0} * {1} + {2}"), (3, "{2} - {0} * {1}"), (3, "{0} * {1} - {2}"), (3, "{} * {} * {}"),
)  # fmt: skip
HEAD = """
#define each(f, x) ({ V t_; for (int l = 0; l < W / B; l++) t_[l] = f((x)[l]); t_; })
#define each2(f, x, y) ({ V t_; for (int l = 0; l < W / B; l++) t_[l] = f((x)[l], (y)[l]); t_; })
"""
CALLS = {
    "NAME(evaluate)(&m->rates, ": "written_rates(",
    "NAME(evaluate)(&r->m->rates, ": "written_rates(",
    "NAME(evaluate)(&m->both, ": "written_both(",
    "NAME(evaluate)(&m->read, ": "written_read(",
    "NAME(evaluate)(&r->m->prepare, ": "written_prepare(",
    "NAME(factor)(m, ": "written_factor(",
    "NAME(solve)(m, ": "written_solve(",
}

TAIL = """
#define NAME(x) plain_##x
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#include "kernel.h"
int64_t lanes_width(void) { return W; }
int lanes_run(const Model *m, const Work *w) { return plain_run(m, w); }
"""


@dataclass(frozen=True)
class Written:
    """A kernel of one model. seconds: that its compilation took."""

    library: Any
    seconds: float


def rows() -> Iterator[Row]:
    """Runs of two committed models."""
    for name, work in (("cytokine_signalling_IL6", "IL-6 cut"), ("cytokine_signalling", "all cytokines")):
        text = (models() / "sbml" / f"{name}.xml").read_text(encoding="utf-8")
        lanes = Lanes(text, 1e-6)
        asked = [hour(jk.load(name))] * RUNS
        with written(lanes) as own:
            interpret, run = native.library, partial(lanes.run_many, asked, SIGNAL)
            before = run()

            def compiled(run: Any = run, library: Any = own.library, usual: Any = interpret) -> Any:
                native.library = lambda: library  # type: ignore[assignment]
                try:
                    return run()
                finally:
                    native.library = usual

            gap = max(abs(a[0, 0] / b[0, 0] - 1) for a, b in zip(before, compiled(), strict=True))
            if not gap < 1e-9:
                raise RuntimeError(f"{name}: written code is off by {gap:.0e}")
            ways = {"interpreted": run, "written out and compiled": compiled}
            row = in_turn(f"{work}, 60 min, rtol 1e-06", ways, ROUNDS, RUNS)
            yield replace(row, note=f" ({own.seconds:.0f} s to compile)")


@contextmanager
def written(lanes: Lanes) -> Iterator[Written]:
    """The kernel with the operations of a model; raises where no compiler works."""
    program = lanes._program(False)  # that a run of it uses
    observed = program.code([program.equations.node(name) for name in SIGNAL])
    codes = {"prepare": program.prepare, "rates": program.rates, "both": program.both, "read": observed}
    parts = [HEAD, *(_code(name, code) for name, code in codes.items()), _factor(program), _solve(program)]
    folder = Path(native.__file__).parent
    kernel = (folder / "kernel.h").read_text(encoding="utf-8")
    for call, own in CALLS.items():
        if call not in kernel:
            raise RuntimeError(f"kernel.h: no {call}")
        kernel = kernel.replace(call, own)
    head, mark, tail = kernel.partition("} NAME(Run);\n")
    kernel = "".join([head, mark, *parts, tail])
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "kernel.h").write_text(kernel, encoding="utf-8")
        shutil.copy(folder / "vectors.h", scratch)
        main = (folder / "lanes.c").read_text(encoding="utf-8")
        at = main.index("#define NAME(x) plain_##x")
        (Path(scratch) / "lanes.c").write_text(main[:at] + TAIL, encoding="utf-8")
        made = Path(scratch) / "written.so"
        command = shlex.split(os.environ.get("CC", "cc"))
        options = ["-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC", "-w"]
        begin = time.perf_counter()
        subprocess.run([*command, *options, "lanes.c", "-o", str(made), "-lm"], check=True, cwd=scratch)
        seconds = time.perf_counter() - begin
        library: Any = ctypes.CDLL(str(made))
        library.lanes_width.restype = ctypes.c_int64
        yield Written(library, seconds)


def _function(name: str, parameters: str, lines: list[str]) -> str:
    body = "\n".join(f"        {line}" for line in lines)
    loop = f"    for (int b = 0; b < B; b++) {{\n{body}\n    }}"
    return f"static void written_{name}({parameters}) {{\n{loop}\n}}\n"


def _code(name: str, code: Code) -> str:
    """Operations on slots; what is made in between stays in variables, what is asked for is written back."""
    numbers, lines, at, count = code.operations.tolist(), list[str](), 0, 0
    latest: dict[int, str] = {}  # variable of a slot
    while at < len(numbers):
        operation, length = numbers[at : at + 2]
        arity, what = OPERATIONS[operation]
        at += 2
        for _ in range(length):
            target, *inputs = numbers[at : at + 1 + arity]
            at += 1 + arity
            values = [latest.get(slot, f"s[B * {slot} + b]") for slot in inputs]
            lines.append(f"const V t{count} = {what.format(*values)};")
            latest[target], count = f"t{count}", count + 1
    kept = latest if name == "prepare" else {slot: latest[slot] for slot in code.results if slot in latest}
    lines += [f"s[B * {slot} + b] = {value};" for slot, value in kept.items()]
    return _function(name, "V *restrict s", lines)


def _factor(program: Program) -> str:
    steps = iter(program.factor.tolist())
    lines = [f"V a{k} = a[B * {k} + b];" for k in range(program.places)]
    for _ in range(len(program.equations.states)):
        pivot, below = next(steps), next(steps)
        lines.append(f"a{pivot} = 1.0 / a{pivot};")
        for _ in range(below):
            multiplier, beside = next(steps), next(steps)
            lines.append(f"a{multiplier} *= a{pivot};")
            lines += [f"a{next(steps)} -= a{multiplier} * a{next(steps)};" for _ in range(beside)]
    lines += [f"a{next(steps)} *= a{next(steps)};" for _ in range(next(steps))]
    lines += [f"a[B * {k} + b] = a{k};" for k in range(program.places)]
    return _function("factor", "V *restrict a", lines)


def _solve(program: Program) -> str:
    size = len(program.equations.states)
    lines = [f"V x{i} = x[B * {i} + b];" for i in range(size)]
    for part, scaled in ((program.forward.tolist(), False), (program.backward.tolist(), True)):
        steps = iter(part)
        for row in steps:
            if scaled:
                lines.append(f"x{row} *= a[B * {program.diagonal[row]} + b];")
            lines += [f"x{row} -= a[B * {next(steps)} + b] * x{next(steps)};" for _ in range(next(steps))]
    lines += [f"x[B * {i} + b] = x{i};" for i in range(size)]
    return _function("solve", "const V *restrict a, V *restrict x", lines)
