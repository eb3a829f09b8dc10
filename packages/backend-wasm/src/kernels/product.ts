// The matrix product, where nearly all of the time goes: c [m, n] = a bᵀ + bias, with b packed by 16 rows.
//
//   for (each 256 of k)                     two blocks, so that c is not fetched for each
//     pack the rows of a by fours           side by side, block by block, so that they stay in the second cache
//     for (each 16 rows of b)               a panel of 8 KB a block, which stays in the first cache
//       for (each block of 128 of k)        sums stay short, and so do their rounding errors
//         widen the panel                   if b is stored narrower than float32
//         for (each 4 rows of a)            tiles of 4 x 8 sums in eight registers
//           for (k in the block)            sums[r] += a[r][k] * b[k]
//           c += sums                       where the first block begins from the bias
//
// Which loop is fastest depends on how an engine orders instructions and gives out registers, by up to a quarter, so there
// are several tiles (TILES). Each number is the same sum in the same order in all of them: the same bits. The engine that
// runs them finds out which to take (engine/race.ts).
import {
  type I32,
  int,
  ints,
  load,
  loadBytes,
  loadShorts,
  loadSplat,
  type V128,
} from '../assembler/expressions.ts';
import type { FunctionBuilder, LocalI32, LocalV128 } from '../assembler/function.ts';
import { alike, kernel } from '../assembler/kernel.ts';
import type { ModuleBuilder } from '../assembler/module.ts';
import { PACK_ROWS } from './pack.ts';
import { addTile, storeTile, TILE, type Tile } from './tile.ts';

/** Rows of b that lie side by side in a panel. */
export const WIDTH = 16;
/** Summed in one go; then added to what came before. */
const BLOCK = 128;
/** Blocks whose rows of a are packed together. */
const TOGETHER = 2;
/** Rows of a that are packed at a time. */
export const ROWS = 240;
/** Rows of a that lie side by side. Tiles are as high, or half. */
export const HEIGHT = 4;

/** How sums are made. More of them, with what they are made of, do not fit 16 registers. */
interface SumTile extends Tile {
  /** Rows whose loads may be moved before the sums of the first of them. */
  readonly together: number;
  /** Numbers of k that the loop takes in a turn: short turns cost a tenth of the time in V8, long ones a fifth in JavaScriptCore. */
  readonly turn: number;
}
/** The first is what is taken where nothing is known. */
const PLAIN: readonly SumTile[] = [
  { height: 4, width: 8, together: 4, turn: 8 }, // V8 since 13, SpiderMonkey
  { height: 4, width: 8, together: 2, turn: 8 }, // V8 before
  { height: 2, width: 16, together: 2, turn: 1 }, // JavaScriptCore
];
/** A fused multiplication and addition needs no register for the product. */
const FUSED: readonly SumTile[] = [
  { height: 2, width: 16, together: 2, turn: 8 },
  { height: 4, width: 8, together: 4, turn: 8 },
  { height: 2, width: 16, together: 2, turn: 1 },
];
/** How many there are: a product's argument `tile` is below it. */
export const TILES = PLAIN.length;

/** Floats that a product needs beside its matrices: a tile, a widened panel and the packed blocks. */
export const PRODUCT_ROOM = TILE + BLOCK * WIDTH + ROWS * BLOCK * TOGETHER;
/** What kernels and the code that calls them must agree on; a module carries it. */
export const LAYOUT = `${WIDTH} ${PRODUCT_ROOM} ${TILES}`;

/** How the numbers of b are stored: bytes each, and how 16 of them become float32. */
interface Storage {
  readonly bytes: 4 | 2 | 1;
  /** Four numbers at p, the `quad`-th of a panel's row, whose columns have the given scales. */
  readonly widen?: (p: I32, quad: number, scales: readonly V128[]) => V128;
}

/**
 * float16 is widened by shifting its bits into place and multiplying by 2¹¹², which makes subnormals right too.
 * Weights are finite: infinities would come out as 65536 and more.
 */
const widenHalf = (p: I32, quad: number): V128 => {
  const h = loadShorts(p, 8 * quad);
  const magnitude = h
    .and(ints(0x7fff))
    .ishl(13)
    .mul(2 ** 112);
  return magnitude.or(h.and(ints(0x8000)).ishl(16));
};
const widenInt8 = (p: I32, quad: number, scales: readonly V128[]): V128 => {
  const eight = loadBytes(p, 8 * (quad >> 1));
  return (quad % 2 === 0 ? eight.lowInts() : eight.highInts()).toFloats().mul(scales[quad]!);
};

const QUADS = [0, 1, 2, 3];

/**
 * bias 0: none. cStride, aStride: floats from row to row. room: PRODUCT_ROOM floats. scales: of int8, one for each of n.
 * tile: the index of one; changes no bit.
 */
export const PRODUCT = kernel('product', 'c a b rows n k bias cStride room scales aStride tile');
/** The same of other storages. */
export const PRODUCT_HALF = alike(PRODUCT, 'productHalf');
export const PRODUCT_INT8 = alike(PRODUCT, 'productInt8');

export function addProduct(m: ModuleBuilder, { relaxed = false } = {}): void {
  const storages: readonly (readonly [typeof PRODUCT, Storage])[] = [
    [PRODUCT, { bytes: 4 }],
    [PRODUCT_HALF, { bytes: 2, widen: widenHalf }],
    [PRODUCT_INT8, { bytes: 1, widen: widenInt8 }],
  ];
  addTile(m);
  const tiles = relaxed ? FUSED : PLAIN;
  tiles.forEach((tile, i) => addPanel(m, panelOf(i), tile, relaxed));
  for (const [kernel, storage] of storages)
    m.func(kernel, (f, { c, a, b, rows, n, k, bias, cStride, room, scales, aStride, tile }) => {
      const [first, begin, end, from, j, block] = [f.i32(), f.i32(), f.i32(), f.i32(), f.i32(), f.i32()]; // prettier-ignore
      const packed = f.i32(room.at(TILE + BLOCK * WIDTH));
      f.for(first, 0, rows, ROWS, () => {
        const many = f.i32(rows.sub(first).min(ROWS));
        const eachBlock = (body: (count: I32) => void) => {
          f.set(block, packed);
          f.for(from, begin, end, BLOCK, () => {
            const count = f.i32(end.sub(from).min(BLOCK));
            body(count);
            f.set(block, block.at(whole(many).mul(count)));
          });
        };
        f.for(begin, 0, k, BLOCK * TOGETHER, () => {
          f.set(end, begin.add(BLOCK * TOGETHER).min(k));
          eachBlock((count) => {
            const x = a.at(first.mul(aStride).add(from));
            f.call(PACK_ROWS, { out: block, x, rows: many, k: count, stride: aStride, width: HEIGHT }); // prettier-ignore
          });
          f.for(j, 0, n, WIDTH, () =>
            eachBlock((count) => {
              const stored = f.i32(b.add(j.mul(k).add(from.mul(WIDTH)).mul(storage.bytes)));
              const panel = storage.widen ? f.i32(room.at(TILE)) : stored;
              if (storage.widen) widenPanel(f, storage, panel, stored, count, scales.at(j));
              const to = f.i32(c.at(first.mul(cStride).add(j)));
              const add = f.i32(bias.eq(0).choose(int(0), bias.at(j)));
              const args = { c: to, block, panel, rows: many, n: n.sub(j), count, bias: add, cStride, room, from }; // prettier-ignore
              tiles.forEach((_, i) => f.if(tile.eq(i), () => f.call(panelOf(i), args)));
            }),
          );
        });
      });
    });
}

/** Rounded up to rows that lie side by side. */
const whole = (rows: I32): I32 => rows.add(HEIGHT - 1).and(-HEIGHT);

/** A panel as float32. */
function widenPanel(
  f: FunctionBuilder,
  { bytes, widen }: Storage,
  to: I32,
  from: I32,
  count: I32,
  scales: I32,
): void {
  const i = f.i32();
  const each = bytes === 1 ? QUADS.map((q) => f.v128(load(scales, 16 * q))) : [];
  const [source, out] = [f.i32(from), f.i32(to)];
  f.for(i, 0, count, 1, () => {
    QUADS.forEach((q) => f.store(out, widen!(source, q, each), 16 * q));
    f.set(source, source.add(WIDTH * bytes));
    f.set(out, out.at(WIDTH));
  });
}

/**
 * All rows of a packed block with one panel, of which n columns are there; c = bias + sums if `from` is 0, else
 * c += sums.
 */
const PANEL = /* @__PURE__ */ kernel('panel', 'c block panel rows n count bias cStride room from');
/** By its tile. */
const panelOf = (tile: number) => alike(PANEL, `panel${tile}`);

function addPanel(
  m: ModuleBuilder,
  panelKernel: typeof PANEL,
  tile: SumTile,
  relaxed: boolean,
): void {
  const { height, width, turn } = tile;
  m.func(panelKernel, (f, { c, block, panel, rows, n, count, bias, cStride, room, from }) => {
    const [i, j] = [f.i32(), f.i32()];
    const a = Array.from({ length: height }, () => f.i32());
    const b = f.i32();
    const [turns, end] = [f.i32(), f.i32()];
    const sums = Array.from({ length: (height * width) / 4 }, () => f.v128());
    const [to, add] = [f.i32(), f.i32()];
    f.for(j, 0, n.min(WIDTH), width, () => {
      f.set(to, c.at(j));
      f.set(add, bias.eq(0).choose(int(0), bias.at(j)));
      f.for(i, 0, rows, height, () => {
        const beside = i.and(HEIGHT - 1);
        a.forEach((at, r) => f.set(at, r === 0 ? block.at(i.sub(beside).mul(count).add(beside)) : a[0]!.at(r))); // prettier-ignore
        f.set(b, panel.at(j));
        f.set(turns, a[0]!.at(count.and(-turn).mul(HEIGHT)));
        f.set(end, a[0]!.at(count.mul(HEIGHT)));
        sums.forEach((s) => f.set(s, 0));
        f.if(a[0]!.lt(turns), () => inner(f, a, b, turns, turn, sums, tile, relaxed));
        if (turn > 1) f.if(a[0]!.lt(end), () => inner(f, a, b, end, 1, sums, tile, relaxed));
        storeTile(f, { c: to, rows: rows.sub(i), n: n.sub(j), bias: add, cStride, scratch: room }, sums, from, tile); // prettier-ignore
        f.set(to, to.at(cStride.mul(height)));
      });
    });
  });
}

/** The loop that counts. For each k: a row of b, a column of a, and their products added. */
function inner(
  f: FunctionBuilder,
  a: readonly LocalI32[],
  pb: LocalI32,
  end: I32,
  turn: number,
  sums: readonly LocalV128[],
  { height, width, together }: SumTile,
  relaxed: boolean,
): void {
  const across = width / 4;
  const b = Array.from({ length: across }, () => f.v128());
  const x = f.v128();
  const [first, ...others] = a as [LocalI32, ...LocalI32[]];
  // Never true (addresses are even). A fence: keeps later loads after this point.
  const fence = (step: number) => f.leaveIf(first.eq(2 * step + 1));
  f.repeat(first, end, 4 * HEIGHT * turn, () => {
    for (let k = 0; k < turn; k++) {
      a.forEach((row, r) => {
        if (r % together === 0 && k + r > 0) fence(k * height + r);
        if (r === 0) b.forEach((four, q) => f.set(four, load(pb, 4 * WIDTH * k + 16 * q)));
        f.set(x, loadSplat(row, 4 * HEIGHT * k));
        b.forEach((four, q) => {
          const sum = sums[across * r + q]!;
          f.set(sum, x.madd(four, sum, relaxed));
        });
      });
    }
    for (const row of others) f.set(row, row.add(4 * HEIGHT * turn));
    f.set(pb, pb.add(4 * WIDTH * turn));
  });
}
