// backend-cpu and the decorators that must not change what it computes.
import { cpu } from '@siglip-ts/backend-cpu';
import { deferred, meter, withoutFused } from '@siglip-ts/core';
import { CPU as budgets } from './budgets.ts';
import { describeBackend } from './describe-backend.ts';

describeBackend('cpu', { make: cpu, budgets });
describeBackend('cpu', { make: cpu, dtype: 'float64', budgets });
describeBackend('withoutFused(cpu)', { make: () => withoutFused(cpu()), budgets });
describeBackend('meter(cpu)', { make: () => meter(cpu()), budgets });
describeBackend('deferred(cpu)', { make: () => deferred(cpu()), budgets });
describeBackend('deferred(meter(cpu))', { make: () => deferred(meter(cpu())), budgets });
