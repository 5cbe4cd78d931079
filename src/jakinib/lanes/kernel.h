/* The integration of many runs of one model at once, W of them side by side.

   Included by lanes.c once for each kind of processor, with NAME(x) naming its functions.

   Method: Rodas5P, a stiffly accurate Rosenbrock method of order 5 with an embedded error estimate and dense
   output of order 4 (G. Steinebach 2023, BIT Numer. Math. 63:27, doi:10.1007/s10543-023-00967-x). Each lane
   keeps its own time and step size, so a run does not depend on what else is in the vector, and takes up the
   next run when its own has ended. With `together` all lanes take the steps that the first lane needs, so that
   differences between them are those of one smooth map. */

#include "vectors.h"

typedef struct {
    double t[W], h[W], stop_at[W];
    int64_t job[W], stop[W], read[W], steps[W];
    int active[W], fresh[W], refused[W], last[W]; /* last: the step at hand ends at a stop */
} NAME(Lanes);

typedef struct {
    const Model *m;
    const Work *w;
    NAME(Lanes) lanes;
    V *slots, *y, *ahead, *rate, *slope, *matrix, *stage, *dense, *seen;
    int64_t next;
    int dirty; /* parameters have been written: what follows from them is out of date */
} NAME(Run);

/* A lane takes up the next run, or ends. */
static void NAME(take)(NAME(Run) *r, int l) {
    const Work *w = r->w;
    NAME(Lanes) *k = &r->lanes;
    if (r->next >= w->jobs) {
        k->active[l] = 0;
        return;
    }
    int64_t job = k->job[l] = r->next++;
    for (int i = 0; i < r->m->n; i++) LANE(r->y, i, l) = w->state[job * r->m->n + i];
    for (int i = 0; i < r->m->parameters; i++)
        LANE(r->slots, r->m->n + i, l) = w->parameter[job * r->m->parameters + i];
    k->t[l] = w->start[job];
    k->stop[l] = w->first_stop[job];
    k->read[l] = w->first_read[job];
    k->stop_at[l] = w->stop_time[k->stop[l]];
    k->steps[l] = 0;
    k->h[l] = 1.0;
    k->active[l] = k->fresh[l] = r->dirty = 1;
    k->refused[l] = 0;
}

static void NAME(fail)(NAME(Run) *r, int l, int why) {
    int64_t job = r->lanes.job[l];
    if (r->w->status[job] == 0) {
        r->w->status[job] = why;
        r->w->failed_at[job] = r->lanes.t[l];
    }
    r->w->taken[job] = r->lanes.steps[l];
    if (r->w->together) /* the lanes stay in step: only the first one's end is the end of all */
        r->lanes.active[l] = 0;
    else
        NAME(take)(r, l);
}

/* Observables of the lanes marked, from the states in `seen`; each goes to the row that its lane is at. */
static void NAME(read)(NAME(Run) *r, const int *marked) {
    const Model *m = r->m;
    memcpy(r->slots, r->seen, VALUE * m->n);
    NAME(evaluate)(&m->read, r->slots);
    for (int l = 0; l < W; l++) {
        if (!marked[l]) continue;
        double *row = r->w->out + r->lanes.read[l]++ * m->observables;
        for (int i = 0; i < m->observables; i++) {
            row[i] = LANE(r->slots, m->observed[i], l);
            if (!isfinite(row[i]) && r->w->status[r->lanes.job[l]] == 0) {
                r->w->status[r->lanes.job[l]] = NOT_FINITE + i;
                r->w->failed_at[r->lanes.job[l]] = r->w->read_time[r->lanes.read[l] - 1];
            }
        }
    }
}

static int NAME(due)(const NAME(Run) *r, int l, double until) {
    const NAME(Lanes) *k = &r->lanes;
    return k->active[l] && k->read[l] < r->w->first_read[k->job[l] + 1] &&
           r->w->read_time[k->read[l]] <= until + TINY;
}

/* What happens at the time where the lanes stand: values at the start read, stops passed, runs ended. */
static void NAME(settle)(NAME(Run) *r) {
    const Work *w = r->w;
    NAME(Lanes) *k = &r->lanes;
    for (int changed = 1; changed;) {
        int marked[W], any = 0;
        changed = 0;
        if (r->dirty) NAME(evaluate)(&r->m->prepare, r->slots);
        r->dirty = 0;
        for (int l = 0; l < W; l++) any |= marked[l] = NAME(due)(r, l, k->t[l]);
        if (any) {
            memcpy(r->seen, r->y, VALUE * r->m->n);
            NAME(read)(r, marked);
            changed = 1;
            continue;
        }
        for (int l = 0; l < W; l++) {
            if (!k->active[l] || k->stop_at[l] > k->t[l] + TINY) continue;
            int64_t stop = k->stop[l]++;
            changed = 1;
            if (k->stop[l] >= w->first_stop[k->job[l] + 1]) {
                w->taken[k->job[l]] = k->steps[l];
                NAME(take)(r, l);
                continue;
            }
            for (int64_t i = w->first_set[stop]; i < w->first_set[stop + 1]; i++) {
                int slot = w->set_slot[i];
                if (slot < r->m->n) LANE(r->y, slot, l) = w->set_value[i];
                else LANE(r->slots, slot, l) = w->set_value[i], r->dirty = 1;
            }
            k->stop_at[l] = w->stop_time[k->stop[l]];
            k->fresh[l] = 1;
        }
    }
}

/* Root mean squares of a vector in units of the tolerances, by lane; ahead: states that count as well. */
static void NAME(norm)(const NAME(Run) *r, const V *error, const V *ahead, double *out) {
    V sum[B] = {0};
    for (int i = 0; i < r->m->n; i++)
        for (int b = 0; b < B; b++) {
            V size, other;
            NAME(size)(&size, &AT(r->y, i)[b]);
            NAME(size)(&other, &AT(ahead, i)[b]);
            M larger = other > size;
            NAME(pick)(&size, &other, &larger);
            V e = AT(error, i)[b] / (size * r->w->rtol + r->w->atol[i]);
            sum[b] += e * e;
        }
    for (int l = 0; l < W; l++) out[l] = sqrt(LANE(sum, 0, l) / (r->m->n ? r->m->n : 1));
}

/* First steps after a start or a stop (Hairer, Norsett, Wanner, Solving ODEs I, II.4); rate: at y. */
static void NAME(first_steps)(NAME(Run) *r) {
    const int n = r->m->n;
    NAME(Lanes) *k = &r->lanes;
    double here[W], speed[W], bend[W], trial[W];
    NAME(norm)(r, r->y, r->y, here);
    NAME(norm)(r, r->rate, r->y, speed);
    V h[B];
    for (int l = 0; l < W; l++) {
        double span = k->stop_at[l] - k->t[l];
        trial[l] = here[l] < 1e-5 || speed[l] < 1e-5 ? 1e-6 * span : 0.01 * here[l] / speed[l];
        if (!(trial[l] < span)) trial[l] = span;
        LANE(h, 0, l) = k->fresh[l] ? trial[l] : 0.0;
    }
    for (int i = 0; i < B * n; i++) r->slots[i] = r->y[i] + h[i % B] * r->rate[i];
    NAME(evaluate)(&r->m->rates, r->slots);
    for (int i = 0; i < n; i++)
        for (int b = 0; b < B; b++) AT(r->seen, i)[b] = AT(r->slots, r->m->rate[i])[b] - AT(r->rate, i)[b];
    NAME(norm)(r, r->seen, r->y, bend);
    for (int l = 0; l < W; l++) {
        if (!k->fresh[l]) continue;
        double most = bend[l] / trial[l] > speed[l] ? bend[l] / trial[l] : speed[l];
        double found = most <= 1e-15 ? 100 * trial[l] : pow(0.01 / most, 0.2);
        k->h[l] = found < 100 * trial[l] ? found : 100 * trial[l];
        if (!(k->h[l] > 0)) k->h[l] = trial[l];
        k->fresh[l] = 0;
    }
    if (r->w->together) for (int l = 1; l < W; l++) k->h[l] = k->h[0];
}

/* Where stage g is worked out, and what earlier stages add to its right-hand side before the division by h. */
#define EARLIER(g) \
    case g: { \
        V a[g], c[g]; \
        for (int j = 0; j < g; j++) a[j] = (V){0} + (g < 6 ? A[g % 6][j] : 0.0), c[j] = (V){0} + C[g][j]; \
        for (int i = 0; i < size; i++) { \
            V x = r->y[i], u = {0}; \
            for (int j = 0; j < g; j++) { \
                if (g < 6) x += a[j] * r->stage[j * size + i]; \
                u += c[j] * r->stage[j * size + i]; \
            } \
            r->slots[i] = g < 6 ? x : r->slots[i] + r->stage[(g - 1) * size + i]; \
            r->stage[g * size + i] = u; \
        } \
        break; \
    }

static void NAME(earlier)(NAME(Run) *r, int g) {
    const int size = B * r->m->n;
    switch (g) {
        EARLIER(1) EARLIER(2) EARLIER(3) EARLIER(4) EARLIER(5) EARLIER(6) EARLIER(7)
    }
}

/* One step of all lanes: the states ahead, and the errors in units of the tolerances. */
static void NAME(step)(NAME(Run) *r, const V *h, double *error) {
    const Model *m = r->m;
    const int n = m->n, size = B * n;
    V per_h[B];
    for (int b = 0; b < B; b++) per_h[b] = 1.0 / h[b];
    memset(r->matrix, 0, VALUE * m->places);
    for (int k = 0; k < m->slopes; k++)
        for (int b = 0; b < B; b++) AT(r->matrix, m->slope_place[k])[b] = -AT(r->slope, k)[b];
    for (int i = 0; i < n; i++)
        for (int b = 0; b < B; b++) AT(r->matrix, m->diagonal[i])[b] += per_h[b] / GAMMA;
    NAME(factor)(m, r->matrix);
    memcpy(r->stage, r->rate, VALUE * n);
    NAME(solve)(m, r->matrix, r->stage);
    for (int g = 1; g < 8; g++) {
        V *u = r->stage + g * size;
        NAME(earlier)(r, g);
        NAME(evaluate)(&m->rates, r->slots);
        for (int i = 0; i < n; i++)
            for (int b = 0; b < B; b++)
                AT(u, i)[b] = AT(r->slots, m->rate[i])[b] + AT(u, i)[b] * per_h[b];
        NAME(solve)(m, r->matrix, u);
    }
    for (int i = 0; i < size; i++) r->ahead[i] = r->slots[i] + r->stage[7 * size + i];
    NAME(norm)(r, r->stage + 7 * size, r->ahead, error);
}

/* Values read inside the step just taken, and at its end. */
static void NAME(read_step)(NAME(Run) *r, const V *h, const int *taken, const double *end) {
    const int size = B * r->m->n;
    int ready = 0;
    for (;;) {
        int marked[W], any = 0;
        V part[B] = {0};
        for (int l = 0; l < W; l++) {
            any |= marked[l] = taken[l] && NAME(due)(r, l, end[l]);
            if (!marked[l]) continue;
            double at = r->w->read_time[r->lanes.read[l]];
            LANE(part, 0, l) = at >= end[l] - TINY ? 1.0 : (at - r->lanes.t[l]) / LANE(h, 0, l);
        }
        if (!any) return;
        for (int q = 0; q < 3 && !ready; q++)
            for (int i = 0; i < size; i++) {
                V x = {0};
                for (int j = 0; j < 8; j++) x += H[q][j] * r->stage[j * size + i];
                r->dense[q * size + i] = x;
            }
        ready = 1;
        for (int i = 0; i < size; i++) {
            const V p = part[i % B], rest = 1.0 - p;
            V curve = r->dense[i] + p * (r->dense[size + i] + p * r->dense[2 * size + i]);
            r->seen[i] = rest * r->y[i] + p * (r->ahead[i] + rest * curve);
        }
        NAME(read)(r, marked);
    }
}

/* Accept or refuse the step of each lane, and choose the next. */
static void NAME(judge)(NAME(Run) *r, const V *h, const double *error) {
    NAME(Lanes) *k = &r->lanes;
    int taken[W], lost[W];
    double end[W], factor[W];
    M where[B];
    for (int l = 0; l < W; l++) {
        double e = r->w->together ? error[0] : error[l];
        lost[l] = k->active[l] && r->w->together && !isfinite(error[l]) && isfinite(e);
        taken[l] = k->active[l] && e <= 1.0;
        LANE(where, 0, l) = taken[l] ? -1 : 0;
        end[l] = k->last[l] ? k->stop_at[l] : k->t[l] + LANE(h, 0, l);
        if (r->w->together && l > 0) {
            factor[l] = factor[0];
            continue;
        }
        factor[l] = isfinite(e) ? 0.9 * pow(e > 1e-12 ? e : 1e-12, -0.2) : 0.2;
        factor[l] = factor[l] > 6.0 ? 6.0 : factor[l] < 0.2 ? 0.2 : factor[l];
    }
    NAME(read_step)(r, h, taken, end);
    for (int i = 0; i < B * r->m->n; i++) NAME(pick)(&r->y[i], &r->ahead[i], &where[i % B]);
    for (int l = 0; l < W; l++) {
        if (!k->active[l]) continue;
        if (taken[l]) {
            k->t[l] = end[l];
            if (k->refused[l] && factor[l] > 1.0) factor[l] = 1.0;
            k->refused[l] = 0;
        } else {
            k->refused[l]++;
        }
        k->h[l] = factor[l] * LANE(h, 0, l);
        k->steps[l]++;
        if (lost[l]) NAME(fail)(r, l, LOST);
        else if (k->refused[l] > 100 || k->t[l] + k->h[l] == k->t[l]) NAME(fail)(r, l, TOO_SHORT);
        else if (k->steps[l] > r->w->most) NAME(fail)(r, l, TOO_MANY);
    }
}

static int NAME(run)(const Model *m, const Work *w) {
    NAME(Run) r = {.m = m, .w = w};
    const int n = m->n;
    const int64_t sizes[] = {m->slots, n, n, n, m->slopes, m->places, 8 * n, 3 * n, n};
    V **const parts[] = {&r.slots, &r.y, &r.ahead, &r.rate, &r.slope, &r.matrix, &r.stage, &r.dense, &r.seen};
    int64_t whole = 1;
    for (int i = 0; i < 9; i++) whole += sizes[i];
    char *memory = calloc(whole, VALUE);
    if (!memory) return -1;
    V *at = (V *)(((uintptr_t)memory + sizeof(V) - 1) / sizeof(V) * sizeof(V));
    for (int i = 0; i < 9; i++) *parts[i] = at, at += B * sizes[i];
    for (int i = 0; i < m->constants; i++)
        for (int l = 0; l < W; l++) LANE(r.slots, m->n + m->parameters + i, l) = m->constant[i];
    for (int l = 0; l < W; l++) NAME(take)(&r, l);
    for (int l = 1; l < W; l++) /* a lane without work computes along; its numbers are not looked at */
        if (!r.lanes.active[l]) {
            for (int i = 0; i < n; i++) LANE(r.y, i, l) = LANE(r.y, i, 0);
            for (int i = 0; i < m->parameters; i++)
                LANE(r.slots, n + i, l) = LANE(r.slots, n + i, 0);
            r.lanes.h[l] = 1.0;
        }
    for (;;) {
        int any = 0, fresh = 0;
        double error[W];
        NAME(settle)(&r);
        for (int l = 0; l < W; l++) any |= r.lanes.active[l], fresh |= r.lanes.active[l] && r.lanes.fresh[l];
        if (!any || (w->together && !r.lanes.active[0])) break;
        memcpy(r.slots, r.y, VALUE * n);
        NAME(evaluate)(&m->both, r.slots);
        for (int i = 0; i < n; i++) memcpy(AT(r.rate, i), AT(r.slots, m->rate_of_both[i]), VALUE);
        for (int i = 0; i < m->slopes; i++) memcpy(AT(r.slope, i), AT(r.slots, m->slope[i]), VALUE);
        if (fresh) NAME(first_steps)(&r);
        V h[B];
        for (int l = 0; l < W; l++) {
            LANE(h, 0, l) = r.lanes.h[l];
            r.lanes.last[l] = r.lanes.active[l] && r.lanes.t[l] + 1.0001 * r.lanes.h[l] >= r.lanes.stop_at[l];
            if (r.lanes.last[l]) LANE(h, 0, l) = r.lanes.stop_at[l] - r.lanes.t[l];
        }
        NAME(step)(&r, h, error);
        NAME(judge)(&r, h, error);
    }
    free(memory);
    return 0;
}

#undef V
#undef M
