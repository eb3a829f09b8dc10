// Cuts two composites of a rounding backend where torch has two kernels, so that it rounds where torch does.
import type { Activation, Backend, Handle, Operand } from '../contract/backend.ts';
import { isKernel } from '../ops/activation.ts';
import { compose } from '../ops/compose.ts';
import { Tensor } from '../tensor/tensor.ts';

/** A linear layer's activation becomes a kernel of its own; one that HF writes in Python becomes its steps. */
export function torchKernels(b: Backend): Backend {
  const { linear, activation } = b.fused!;
  const act = (x: Operand, kind: Activation): Handle =>
    isKernel(kind)
      ? activation!(x, kind)
      : compose.activation(new Tensor(self, x.shape, x.dtype, x.handle), kind).handle;
  const self: Backend = {
    ...b,
    fused: {
      ...b.fused,
      activation: act,
      linear(x, weight, bias, kind, out) {
        const handle = linear!(x, weight, bias, null, out);
        return kind ? act({ shape: out, dtype: x.dtype, handle }, kind) : handle;
      },
    },
  };
  return self;
}
