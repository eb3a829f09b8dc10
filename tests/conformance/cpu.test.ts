// backend-cpu and the decorators that must not change what it computes.
import { cpu } from '@siglip-ts/backend-cpu';
import { deferred, meter, withoutFused } from '@siglip-ts/core';
import { describeBackend } from './describe-backend.ts';

describeBackend('cpu', { make: cpu });
describeBackend('cpu', { make: cpu, dtype: 'float64' });
describeBackend('withoutFused(cpu)', { make: () => withoutFused(cpu()) });
describeBackend('meter(cpu)', { make: () => meter(cpu()) });
describeBackend('deferred(cpu)', { make: () => deferred(cpu()) });
describeBackend('deferred(meter(cpu))', { make: () => deferred(meter(cpu())) });
