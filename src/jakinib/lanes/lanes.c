/* Many runs of one model at once: what kernel.h works on, its coefficients, and the choice of instructions.

   Built into a shared library that Python opens by ctypes (native.py); it keeps no state of its own. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define W 16
#define TINY 1e-9 /* hours; times closer than this are one time */
enum { TOO_SHORT = 1, TOO_MANY = 2, LOST = 3, NOT_FINITE = 16 };

typedef struct { /* stretches: operation, number of times, target and operands of each */
    int64_t length;
    const int32_t *code;
} Code;

/* Slots hold states, parameters, constants, what follows from these, and intermediate values, in this order.
   prepare: what follows from parameters alone. rates: derivatives of the states. both: these and the entries of
   the Jacobian. read: observables. */
typedef struct {
    int64_t n, parameters, constants, slots, slopes, places, observables, below, above;
    Code prepare, rates, both, read;
    const int32_t *rate, *rate_of_both, *slope, *slope_place, *diagonal, *factor, *forward, *backward, *observed;
    const double *constant;
} Model;

/* Runs by number; those of a run in the lists of stops and of readings are [first[run], first[run + 1]). The
   last stop of a run is its end; at the others values are written: [first_set[stop], first_set[stop + 1]). */
typedef struct {
    int64_t jobs, most, together;
    double rtol;
    const double *atol, *state, *parameter, *start, *stop_time, *set_value, *read_time;
    const int64_t *first_stop, *first_set, *first_read;
    const int32_t *set_slot;
    double *out, *failed_at;
    int64_t *status, *taken;
} Work;

static const double GAMMA = 0.21193756319429014;
static const double A[6][5] = {
    {0},
    {3.0},
    {2.849394379747939, 0.45842242204463923},
    {-6.954028509809101, 2.489845061869568, -10.358996098473584},
    {2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641},
    {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946},
};
static const double C[8][7] = {
    {0},
    {-14.155112264123755},
    {-17.97296035885952, -2.859693295451294},
    {147.12150275711716, -1.41221402718213, 71.68940251302358},
    {165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306},
    {24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471},
    {30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623,
     -28.087943162872662},
    {37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002,
     -54.66780262877968, -9.48861652309627},
};
static const double H[3][8] = {
    {25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204, 0.524948541321073,
     1.1241088310450404, 0.4272876194431874, -0.17202221070155493},
    {-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796, 20.176138334709044,
     15.98066361424651, -6.789040303419874, -6.710236069923372},
    {11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643, -52.072871366152654,
     -59.78993625266729, -0.15582684282751913, 4.883087185713722},
};

#define NAME(x) plain_##x
#define BYTES 16
#include "kernel.h"
#undef NAME
#undef BYTES

#if defined(__x86_64__)
#define WIDE
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define NAME(x) avx2_##x
#define BYTES 32
#include "kernel.h"
#undef NAME
#undef BYTES
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,fma")
#endif
#define NAME(x) avx512_##x
#define BYTES 64
#include "kernel.h"
#undef NAME
#undef BYTES
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

#ifndef SOURCE
#define SOURCE "unknown"
#endif
const char *lanes_source(void) { return SOURCE; } /* digest of the sources that it was built from */

int64_t lanes_width(void) { return W; }

/* 0, or -1 where memory is lacking. */
int lanes_run(const Model *m, const Work *w) {
#ifdef WIDE
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return avx512_run(m, w);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2_run(m, w);
#endif
    return plain_run(m, w);
}
