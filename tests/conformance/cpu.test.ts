// backend-cpu and the decorators that must not change what it computes.
import { cpu } from '@siglip-ts/backend-cpu';
import { type Budget, describeBackend, type Overrides } from '@siglip-ts/conformance';
import { deferred, meter, withoutFused } from '@siglip-ts/core';

/** One rounding of a value that is exact to nine digits more. */
const ONCE: Budget = { ulp: 0.51, share: 1e-9 };

/** backend-cpu computes every primitive in double precision and rounds once. */
const budgets: Overrides = {
  add: ONCE,
  sub: ONCE,
  mul: ONCE,
  div: ONCE,
  sqrt: ONCE,
  exp: ONCE,
  log: ONCE,
  log1p: ONCE,
  tanh: ONCE,
  erf: ONCE,
  sum: ONCE,
  matmul: ONCE,
  scatterAdd: ONCE,
};

describeBackend('cpu', { make: cpu, budgets });
describeBackend('cpu', { make: cpu, dtype: 'float64', budgets });
describeBackend('withoutFused(cpu)', { make: () => withoutFused(cpu()), budgets });
describeBackend('meter(cpu)', { make: () => meter(cpu()), budgets });
describeBackend('deferred(cpu)', { make: () => deferred(cpu()), budgets });
describeBackend('deferred(meter(cpu))', { make: () => deferred(meter(cpu())), budgets });
