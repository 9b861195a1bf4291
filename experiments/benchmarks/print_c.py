"""The same equations printed as C, scalar and with AVX-512 intrinsics.

The vector version is what one would write by hand for speed: eight runs in a register, the kernel's own polynomials,
tables picked with permutes.  It has no check of the state and no guard of the step, which is in its favour.
"""

# ruff: noqa: D102 - methods that stand in for those of a base class are documented there
from __future__ import annotations

from healthreform.stockflow import maths_ir
from healthreform.stockflow.equations_ir import EquationWriter
from healthreform.stockflow.flat import FlatModel
from healthreform.stockflow.infix import InfixWriter
from healthreform.stockflow.layout import Layout, Options, needed_at_start, needed_equations, places, plan

LIBM = {"log": "log", "power": "pow"}
SHIFTS = {"shl": "slli", "ashr": "srai", "lshr": "srli"}


class CWriter(InfixWriter):
    """Writes C statements where its base class writes LLVM instructions."""

    def __init__(self, width: int) -> None:
        super().__init__(width, permute=width == 8)
        self.real = "V"

    def emit(self, expression: str, kind: str = "V") -> str:
        self._count += 1
        self.lines.append(f"    const {kind} t{self._count} = {expression};")
        return f"t{self._count}"

    def number(self, value: float) -> str:
        return f"SPLAT({float(value).hex()})"

    def fma(self, a: str, b: str, c: str) -> str:
        return self.emit(f"FMA({a}, {b}, {c})")

    def sqrt(self, a: str) -> str:
        return self.emit(f"SQRT({a})")

    def absolute(self, a: str) -> str:
        return self.emit(f"ABSOLUTE({a})")

    def compare(self, predicate: str, a: str, b: str) -> str:
        return self.emit(f"{predicate.upper()}({a}, {b})", "M")

    def select(self, mask: str, a: str, b: str) -> str:
        return self.emit(f"SELECT({mask}, {a}, {b})")

    def both(self, a: str, b: str) -> str:
        return self.emit(f"{a} & {b}", "M")

    def either(self, a: str, b: str) -> str:
        return self.emit(f"{a} | {b}", "M")

    def smaller(self, a: str, b: str) -> str:
        return self.emit(f"SMALLER({a}, {b})")

    def larger(self, a: str, b: str) -> str:
        return self.emit(f"LARGER({a}, {b})")

    def load(self, pointer: str, index: str | int = 0) -> str:
        return self.emit(f"{pointer.removeprefix('%')}[{index}]")

    def store(self, value: str, pointer: str, index: str | int = 0) -> None:
        self.lines.append(f"    {pointer.removeprefix('%')}[{index}] = {value};")

    def union(self, a: str, b: str) -> str:
        return self.emit(f"UNION({a}, {b})")

    def as_integer(self, a: str) -> str:
        return self.emit(f"_mm512_castpd_si512({a})", "I")

    def as_real(self, a: str) -> str:
        return self.emit(f"_mm512_castsi512_pd({a})")

    def to_real(self, a: str) -> str:
        return self.emit(f"_mm512_cvtepi64_pd({a})")

    def whole(self, operation: str, a: str, b: int | str) -> str:
        names = {"add": "add_epi64", "sub": "sub_epi64", "and": "and_si512", "or": "or_si512"}
        if operation in SHIFTS:
            return self.emit(f"_mm512_{SHIFTS[operation]}_epi64({a}, {b})", "I")
        other = f"_mm512_set1_epi64({b}LL)" if isinstance(b, int) else b
        return self.emit(f"_mm512_{names[operation]}({a}, {other})", "I")

    def below(self, a: str, limit: int) -> str:
        return self.emit(f"_mm512_cmplt_epu64_mask({a}, _mm512_set1_epi64({limit}LL))", "M")

    def pick(self, column: tuple[float, ...], number: str, name: str) -> str:
        padded = [float(item).hex() for item in (*column, *[0.0] * (16 - len(column)))]
        low, high = (f"_mm512_setr_pd({', '.join(padded[begin : begin + 8])})" for begin in (0, 8))
        if len(column) <= 8:
            return self.emit(f"_mm512_permutexvar_pd({number}, {low})")
        return self.emit(f"_mm512_permutex2var_pd({low}, {number}, {high})")


class CEquations(EquationWriter):
    """Equations in C: calls and table look-ups are written differently, all else is as in the kernel."""

    def _call(self, function: str, arguments: tuple[str, ...]) -> str:
        self.used.add(function)
        return self.writer.emit(f"hr_{function}({', '.join(arguments)})")

    def _pick(self, inside: str, rows: tuple[tuple[float, ...], ...]) -> list[str]:
        number = "_mm512_setzero_si512()"
        for index, point in enumerate(rows[0][1:], start=1):
            passed = self.writer.compare("oge", inside, self.writer.number(point))
            number = self.writer.emit(f"_mm512_mask_mov_epi64({number}, {passed}, _mm512_set1_epi64({index}))", "I")
        return [self.writer.pick(column, number, "") for column in rows]


SCALAR_HEAD = """
#include <math.h>
typedef double V; typedef int M;
#define W 1
#define SPLAT(a) (a)
#define FMA(a, b, c) ((a) * (b) + (c))
#define SQRT(a) sqrt(a)
#define ABSOLUTE(a) fabs(a)
#define SELECT(m, a, b) ((m) ? (a) : (b))
#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define OLT(a, b) ((a) < (b))
#define OLE(a, b) ((a) <= (b))
#define OGT(a, b) ((a) > (b))
#define OGE(a, b) ((a) >= (b))
#define OEQ(a, b) ((a) == (b))
#define UNO(a, b) ((a) != (a) || (b) != (b))
#define UNION(a, b) (a)
#define hr_exp exp
#define hr_log log
#define hr_power pow
#define hr_normal_cdf(x) (0.5 * erfc(-(x) * 0.70710678118654752440))
"""
VECTOR_HEAD = """
#include <math.h>
#include <immintrin.h>
typedef __m512d V; typedef __mmask8 M; typedef __m512i I;
#define W 8
#define SPLAT(a) _mm512_set1_pd(a)
#define FMA(a, b, c) _mm512_fmadd_pd(a, b, c)
#define SQRT(a) _mm512_sqrt_pd(a)
#define ABSOLUTE(a) _mm512_abs_pd(a)
#define SELECT(m, a, b) _mm512_mask_blend_pd(m, b, a)
#define SMALLER(a, b) _mm512_min_pd(a, b)
#define LARGER(a, b) _mm512_max_pd(a, b)
#define OLT(a, b) _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ)
#define OLE(a, b) _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ)
#define OGT(a, b) _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ)
#define OGE(a, b) _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ)
#define OEQ(a, b) _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ)
#define UNO(a, b) _mm512_cmp_pd_mask(a, b, _CMP_UNORD_Q)
#define UNION(a, b) _mm512_or_pd(a, b)
#define LANE(v, l) (((double *)&(v))[l])
"""

RUN = """
static void advance(const double *records, long *cursor, V *date, V *value, V *slope, double *due, double time,
                    int right)
{
    for (int p = 0; p < PATHS; p++) {
        if (due[p] > time) continue;
        due[p] = INFINITE;
        for (int l = 0; l < W; l++) {
            long c = cursor[p * W + l];
            while (records[3 * (c + 1)] < time || (right && records[3 * (c + 1)] == time)) c++;
            cursor[p * W + l] = c;
            ((double *)&date[p])[l] = records[3 * c];
            ((double *)&value[p])[l] = records[3 * c + 1];
            ((double *)&slope[p])[l] = records[3 * c + 2];
            if (records[3 * (c + 1)] < due[p]) due[p] = records[3 * (c + 1)];
        }
    }
}

static void look(const V *date, const V *value, const V *slope, V *path, double time)
{
    for (int p = 0; p < PATHS; p++) path[p] = FMA(slope[p], SPLAT(time) - date[p], value[p]);
}

void run(long begin, long end, double start_time, long steps, long years, const double *base, long varied,
         const long *index, const double *matrix, const double *records, const long *shared, const long *column,
         long columns, const long *first, double *out)
{
    static V state[STOCKS + 1], stage[STOCKS + 1], rate[STOCKS + 1], sum[STOCKS + 1];
    static V parameter[PARAMETERS + 1], path[PATHS + 1], reference[REFERENCES + 1], moving[MOVING + 1];
    static V date[PATHS + 1], value[PATHS + 1], slope[PATHS + 1];
    static long cursor[PATHS * W + 1];
    static double due[PATHS + 1];
    const double h = 1.0 / steps;
    for (long block = begin; block < end; block += W) {
        long runs[W];
        for (int l = 0; l < W; l++) runs[l] = block + l < end ? block + l : end - 1;
        for (int p = 0; p < PARAMETERS; p++) parameter[p] = SPLAT(base[p]);
        for (int v = 0; v < varied; v++)
            for (int l = 0; l < W; l++) ((double *)&parameter[index[v]])[l] = matrix[runs[l] * varied + v];
        for (int p = 0; p < PATHS; p++) {
            due[p] = -INFINITE;
            for (int l = 0; l < W; l++)
                cursor[p * W + l] = column[p] < 0 ? shared[p] : first[runs[l] * columns + column[p]];
        }
        advance(records, cursor, date, value, slope, due, start_time, 0);
        look(date, value, slope, path, start_time);
        start(state, parameter, path, reference);
        for (long year = 0; year < years; year++) {
            for (int m = 0; m < MOVING; m++) moving[m] = SPLAT(0.0);
            for (long step = 0; step < steps; step++) {
                const long n = 2 * (year * steps + step);
                const double t0 = start_time + (double)n / (2 * steps);
                const double t1 = start_time + (double)(n + 1) / (2 * steps);
                const double t2 = start_time + (double)(n + 2) / (2 * steps);
                advance(records, cursor, date, value, slope, due, t0, 1);
                look(date, value, slope, path, t0);
                rates(state, parameter, path, reference, rate, moving, h * WEIGHT);
#if RK4
                for (int s = 0; s < STOCKS; s++) {
                    stage[s] = FMA(SPLAT(h * 0.5), rate[s], state[s]);
                    sum[s] = rate[s];
                }
                advance(records, cursor, date, value, slope, due, t1, 1);
                look(date, value, slope, path, t1);
                rates(stage, parameter, path, reference, rate, moving, h * (1.0 / 3.0));
                for (int s = 0; s < STOCKS; s++) {
                    stage[s] = FMA(SPLAT(h * 0.5), rate[s], state[s]);
                    sum[s] = FMA(SPLAT(2.0), rate[s], sum[s]);
                }
                rates(stage, parameter, path, reference, rate, moving, h * (1.0 / 3.0));
                for (int s = 0; s < STOCKS; s++) {
                    stage[s] = FMA(SPLAT(h), rate[s], state[s]);
                    sum[s] = FMA(SPLAT(2.0), rate[s], sum[s]);
                }
                advance(records, cursor, date, value, slope, due, t2, 0);
                look(date, value, slope, path, t2);
                rates(stage, parameter, path, reference, rate, moving, h * (1.0 / 6.0));
                for (int s = 0; s < STOCKS; s++) state[s] = FMA(SPLAT(h * (1.0 / 6.0)), sum[s] + rate[s], state[s]);
#else
                for (int s = 0; s < STOCKS; s++) state[s] = FMA(SPLAT(h), rate[s], state[s]);
#endif
            }
            for (int l = 0; l < W; l++) {
                double *row = out + (runs[l] * years + year) * KEPT;
@REPORT@
            }
        }
    }
}
"""


def export_c(flat: FlatModel, keep: tuple[str, ...], method: str = "rk4", *, vector: bool) -> str:
    """C text of a model with a function ``run`` that computes what the kernel computes."""
    layout = plan(flat, Options(keep, method, False, 8 if vector else 1, permute=vector))
    parts = [VECTOR_HEAD if vector else SCALAR_HEAD, "#define INFINITE 1e300"]
    sizes = {
        "STOCKS": len(flat.stocks),
        "PARAMETERS": len(flat.parameters),
        "PATHS": len(flat.paths),
        "REFERENCES": len(layout.computed.references),
        "MOVING": len(layout.moving),
        "KEPT": len(keep),
        "RK4": int(method == "rk4"),
        "WEIGHT": "(1.0 / 6.0)" if method == "rk4" else "1.0",
    }
    parts += [f"#define {name} {size}" for name, size in sizes.items()]
    if vector:
        parts += [_maths(name) for name in sorted(maths_ir.ARGUMENTS)]
    parts += [_rates(layout), _start(layout), RUN.replace("@REPORT@", _report(layout))]
    return "\n".join(parts)


def _maths(name: str) -> str:
    """A function of the kernel's; logarithm and power with scalar libm where their usual form is not enough."""
    writer = CWriter(8)
    arguments = [f"a{index}" for index in range(maths_ir.ARGUMENTS[name])]
    if name in LIBM:
        form = maths_ir.USUAL[name](writer, *arguments)
        usual = " & ".join(writer.below(*pair) for pair in form.below)
        lanes = ", ".join(f"LANE({argument}, l)" for argument in arguments)
        writer.lines.append(f"    V result = {form.value};")
        writer.lines.append(f"    if (__builtin_expect(({usual}) != 255, 0))")
        writer.lines.append(f"        for (int l = 0; l < 8; l++) LANE(result, l) = {LIBM[name]}({lanes});")
        result = "result"
    else:
        result = maths_ir.THOROUGH[name](writer, *arguments)
    listed = ", ".join(f"V {argument}" for argument in arguments)
    body = "\n".join(writer.lines)
    return f"static inline __attribute__((always_inline)) V hr_{name}({listed})\n{{\n{body}\n    return {result};\n}}\n"


def _equations(layout: Layout, writer: CWriter) -> CEquations:
    equations = CEquations(writer, layout.computed.tables, thorough=True)
    equations.provide(places(layout.computed.parameters), "parameter", never_nan=True)
    equations.provide(places(layout.computed.paths), "path", never_nan=True)
    return equations


def _rates(layout: Layout) -> str:
    model, writer = layout.computed, CWriter(layout.options.width)
    equations = _equations(layout, writer)
    equations.provide(places(model.stocks), "state")
    equations.provide(places(model.references), "reference")
    accumulators = {name: index for index, name in enumerate(layout.moving)}
    needed = needed_equations(layout)
    for name in (*model.paths, *model.stocks):
        _accumulate(writer, equations, name, accumulators)
    for name, expression in model.equations:
        if name in needed:
            equations.define(name, expression)
            _accumulate(writer, equations, name, accumulators)
    for index, pairs in enumerate(model.rates):
        total = writer.signed_sum((sign, equations.name(flow)) for sign, flow in pairs)
        writer.lines.append(f"    rate[{index}] = {total};")
    head = (
        "static void __attribute__((noinline)) rates(const V *restrict state, const V *restrict parameter, "
        "const V *restrict path, const V *restrict reference, V *restrict rate, V *restrict moving, double weight)"
    )
    return "\n".join([head, "{", "    const V weights = SPLAT(weight);", *writer.lines, "}", ""])


def _accumulate(writer: CWriter, equations: CEquations, name: str, accumulators: dict[str, int]) -> None:
    if name in accumulators:
        place = accumulators[name]
        writer.store(f"FMA(weights, {equations.name(name)}, moving[{place}])", "moving", place)


def _start(layout: Layout) -> str:
    model, writer = layout.computed, CWriter(layout.options.width)
    equations = _equations(layout, writer)
    needed = needed_at_start(model)
    for name, expression in model.initial:
        if name in needed:
            equations.define(name, expression)
    for target, names in (("state", model.stocks), ("reference", model.references)):
        for index, name in enumerate(names):
            writer.store(equations.name(name), target, index)
    head = "static void __attribute__((noinline)) start(V *state, const V *parameter, const V *path, V *reference)"
    return "\n".join([head, "{", *writer.lines, "}", ""])


def _report(layout: Layout) -> str:
    groups = {
        "state": layout.kept_stocks,
        "parameter": layout.kept_parameters,
        "reference": layout.kept_references,
        "moving": layout.kept_moving,
    }
    return "\n".join(
        f"                row[{column}] = ((double *)&{source}[{place}])[l];"
        for source, pairs in groups.items()
        for place, column in pairs
    )
