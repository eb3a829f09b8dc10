// From pixels and token ids to vectors: the two embedding modules, and positions for other image sizes.
import type { SiglipTextConfig, SiglipVisionConfig } from '../config/siglip.ts';
import { showShape } from '../contract/shapes.ts';
import { inFloat32 } from '../ops/in-float32.ts';
import { linear } from '../ops/linear.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Ids } from './parameters.ts';
import type { Scope } from './scope.ts';

/**
 * Patches of pixel_values [B, C, H, W], each projected to a vector, plus its position: [B, N, D].
 *
 * SiglipVisionEmbeddings. No class token. Trailing pixels that fill no patch are dropped, as by the convolution.
 * With `interpolate` the position table is resized to the image's grid; without, the grid must fit the table.
 */
export function visionEmbeddings(
  s: Scope,
  pixels: Tensor,
  c: SiglipVisionConfig,
  interpolate: boolean,
): Tensor {
  expectImage(pixels, c);
  const [B, C, H, W] = pixels.shape as [number, number, number, number];
  const [p, D] = [c.patch_size, c.hidden_size];
  const [h, w, n] = [Math.floor(H / p), Math.floor(W / p), Math.floor(c.image_size / p)];

  // A convolution whose stride is its kernel's size is a matrix product over patches.
  const patches = pixels
    .slice([0, 0, 0, 0], [B, C, h * p, w * p])
    .reshape([B, C, h, p, w, p])
    .permute(0, 2, 4, 1, 3, 5)
    .reshape([B, h * w, C * p * p]);
  const conv = s.at('patch_embedding');
  const kernel = conv.param('weight', [D, C, p, p]).reshape([D, C * p * p]);
  const x = tapMap(conv, linear(patches, kernel, conv.param('bias', [D])), h, w); // [B, N, D]

  const position = s.at('position_embedding');
  const table = position.param('weight', [n * n, D]);
  if (interpolate && !(h * w === n * n && H === W))
    return s.tap(x.add(interpolatePositions(table.reshape([n, n, D]), h, w)));
  if (h * w !== n * n)
    throw new RangeError(
      `pixel_values: ${H}x${W} pixels give ${h}x${w} patches, the position table has ${n}x${n}; ` +
        `resize to ${c.image_size}x${c.image_size} or pass interpolate_pos_encoding`,
    );
  return s.tap(x.add(position.tap(table.reshape([1, n * n, D]))));
}

/** HF's convolution gives [B, D, h, w]: turned that way for a listener, if there is one, and back. */
function tapMap(conv: Scope, x: Tensor, h: number, w: number): Tensor {
  if (!conv.isTapped) return x;
  const [B, N, D] = x.shape as [number, number, number];
  const map = conv.tap(x.permute(0, 2, 1).reshape([B, D, h, w]));
  return map.reshape([B, D, N]).permute(0, 2, 1);
}

/** Far beyond every model, and seconds a layer: attention's time grows with its square. */
const MOST_PATCHES = 128 ** 2;

function expectImage(pixels: Tensor, c: SiglipVisionConfig): void {
  const [, C, H, W] = pixels.shape;
  if (pixels.shape.length !== 4 || C !== c.num_channels)
    throw new RangeError(
      `pixel_values: shape ${showShape(pixels.shape)}, expected [batch, ${c.num_channels}, height, width]`,
    );
  if (H! < c.patch_size || W! < c.patch_size)
    throw new RangeError(
      `pixel_values: ${H}x${W} pixels, smaller than one patch of ${c.patch_size}`,
    );
  const patches = Math.floor(H! / c.patch_size) * Math.floor(W! / c.patch_size);
  if (patches > MOST_PATCHES)
    throw new RangeError(
      `pixel_values: ${H}x${W} pixels are ${patches} patches of ${c.patch_size}, expected at most ${MOST_PATCHES}`,
    );
}

/**
 * A position table [n, m, D] resized to [h * w, D]: bicubic with a = -0.75, no antialiasing, edges clamped
 * (torch.nn.functional.interpolate, align_corners=False), as two products with small matrices.
 */
export function interpolatePositions(table: Tensor, h: number, w: number): Tensor {
  return inFloat32(table, (grid) => {
    const [n, m, D] = grid.shape as [number, number, number];
    const matrix = (from: number, to: number) =>
      Tensor.from(grid.backend, bicubicMatrix(from, to), [to, from], grid.dtype);
    const rows = matrix(n, h).matmul(grid.reshape([n, m * D])); // [h, m * D]
    return matrix(m, w)
      .matmul(rows.reshape([h, m, D]))
      .reshape([h * w, D]);
  });
}

/** Row by row, what each of `to` places takes of `from` values. */
function bicubicMatrix(from: number, to: number): Float64Array {
  const matrix = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = ((i + 0.5) * from) / to - 0.5;
    const nearest = Math.floor(at);
    for (let tap = nearest - 1; tap <= nearest + 2; tap++) {
      const clamped = Math.min(Math.max(tap, 0), from - 1);
      matrix[i * from + clamped]! += cubic(Math.abs(at - tap));
    }
  }
  return matrix;
}

/** The cubic convolution kernel at distance x >= 0. Pillow's image resize has a = -0.5; this is torch's. */
function cubic(x: number, a = -0.75): number {
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/**
 * Token vectors [B, T, D] plus the vectors of their positions (0 to T - 1 unless given): [B, T, D].
 *
 * SiglipTextEmbeddings. The padding token is a row like any other.
 */
export function textEmbeddings(
  s: Scope,
  tokens: Tensor,
  c: SiglipTextConfig,
  positions: Ids | null,
): Tensor {
  const [, T, D] = tokens.shape as [number, number, number];
  const at = s.at('position_embedding');
  const table = at.param('weight', [c.max_position_embeddings, D]);
  const rows = positions
    ? table.take(Tensor.from(table.backend, positions.data, positions.shape, 'int32'))
    : table.slice([0, 0], [T, D]).reshape([1, T, D]);
  return s.tap(s.at('token_embedding').tap(tokens).add(at.tap(rows)));
}
