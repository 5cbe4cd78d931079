/* Values of all lanes, W in B vectors that are each as wide as a register, and what a model's lists of numbers
   do with them. While one vector waits for a result, the processor works on the others.

   Included by kernel.h once for each kind of processor; BYTES is the width of its registers. */

#define V NAME(V)
#define M NAME(M)
typedef double V __attribute__((vector_size(BYTES)));
typedef int64_t M __attribute__((vector_size(BYTES)));
#define B (8 * W / BYTES)
#define VALUE (8 * W)
/* Value i of all lanes, and of one. */
#define AT(values, i) ((values) + B * (int64_t)(i))
#define LANE(values, i, l) AT(values, i)[(l) / (W / B)][(l) % (W / B)]

static inline void NAME(pick)(V *to, const V *from, const M *where) {
    *to = (V)(((M)*from & *where) | ((M)*to & ~*where));
}

static inline void NAME(size)(V *to, const V *from) {
    *to = (V)((M)*from & INT64_MAX); /* all but the sign */
}

/* One stretch of an operation; the slots at c are those of target and operands. */
#define STRETCH(number, width, what) \
    case number: \
        for (const int32_t *stop = c + (width) * count; c < stop; c += (width)) \
            for (int b = 0; b < B; b++) { what; } \
        break
#define EACH(what) for (int l = 0; l < W / B; l++) D[l] = what
#define D AT(s, c[0])[b]
#define P AT(s, c[1])[b]
#define Q AT(s, c[2])[b]
#define R AT(s, c[3])[b]

static void NAME(evaluate)(const Code *code, V *restrict s) {
    const int32_t *c = code->code, *const end = c + code->length;
    while (c < end) {
        const int operation = c[0], count = c[1];
        c += 2;
        switch (operation) {
            STRETCH(0, 3, D = P + Q);
            STRETCH(1, 3, D = P - Q);
            STRETCH(2, 3, D = P * Q);
            STRETCH(3, 2, D = -P);
            STRETCH(4, 2, D = 1.0 / P);
            STRETCH(5, 3, EACH(pow(P[l], Q[l])));
            STRETCH(6, 2, EACH(exp(P[l])));
            STRETCH(7, 2, EACH(log(P[l])));
            STRETCH(8, 2, EACH(sqrt(P[l])));
            STRETCH(9, 4, D = P * Q + R);
            STRETCH(10, 4, D = R - P * Q);
            STRETCH(11, 4, D = P * Q - R);
            STRETCH(12, 4, D = P * Q * R);
        }
    }
}

static void NAME(factor)(const Model *m, V *restrict a) {
    const int32_t *c = m->factor;
    for (int k = 0; k < m->n; k++) {
        V *pivot = AT(a, c[0]);
        int rows = c[1];
        for (int b = 0; b < B; b++) pivot[b] = 1.0 / pivot[b];
        for (c += 2; rows > 0; rows--) {
            V multiplier[B];
            for (int b = 0; b < B; b++) multiplier[b] = AT(a, c[0])[b] *= pivot[b];
            const int32_t *end = c + 2 + 2 * c[1];
            for (c += 2; c < end; c += 2)
                for (int b = 0; b < B; b++) AT(a, c[0])[b] -= multiplier[b] * AT(a, c[1])[b];
        }
    }
    const int32_t *end = c + 1 + 2 * c[0];
    for (c++; c < end; c += 2)
        for (int b = 0; b < B; b++) AT(a, c[0])[b] *= AT(a, c[1])[b];
}

static void NAME(solve)(const Model *m, const V *restrict a, V *restrict x) {
    const int32_t *c = m->forward, *end = c + m->below;
    while (c < end) {
        V *row = AT(x, c[0]), sum[B];
        const int32_t *last = c + 2 + 2 * c[1];
        for (int b = 0; b < B; b++) sum[b] = row[b];
        for (c += 2; c < last; c += 2)
            for (int b = 0; b < B; b++) sum[b] -= AT(a, c[0])[b] * AT(x, c[1])[b];
        for (int b = 0; b < B; b++) row[b] = sum[b];
    }
    c = m->backward, end = c + m->above;
    while (c < end) {
        V *row = AT(x, c[0]), sum[B];
        const V *pivot = AT(a, m->diagonal[c[0]]);
        const int32_t *last = c + 2 + 2 * c[1];
        for (int b = 0; b < B; b++) sum[b] = row[b] * pivot[b];
        for (c += 2; c < last; c += 2)
            for (int b = 0; b < B; b++) sum[b] -= AT(a, c[0])[b] * AT(x, c[1])[b];
        for (int b = 0; b < B; b++) row[b] = sum[b];
    }
}
