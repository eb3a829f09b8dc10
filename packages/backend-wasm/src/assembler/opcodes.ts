// WebAssembly's instructions by its own names, `i32.add` as op.i32_add: those that the assembler writes and scalar.ts reads.
// Numbers only: what an instruction does is for the specification to say.

// Types of values, and of a block that leaves none.
export const i32 = 0x7f;
export const f32 = 0x7d;
export const v128 = 0x7b;
export const empty = 0x40;
export const func = 0x60;

// Control.
export const block = 0x02;
export const loop = 0x03;
export const if_ = 0x04;
export const else_ = 0x05;
export const end = 0x0b;
export const br = 0x0c;
export const br_if = 0x0d;
export const call = 0x10;
export const select = 0x1b;

export const local_get = 0x20;
export const local_set = 0x21;
export const local_tee = 0x22;

// Memory. From i32_load to i64_store32 all are followed by alignment and offset.
export const i32_load = 0x28;
export const f32_load = 0x2a;
export const i32_load8_s = 0x2c;
export const i32_load16_u = 0x2f;
export const i32_store = 0x36;
export const f32_store = 0x38;
export const i64_store32 = 0x3e;

export const i32_const = 0x41;
export const f32_const = 0x43;

// Numbers. From i32_eqz to i64_extend32_s nothing follows.
export const i32_eqz = 0x45;
export const i32_eq = 0x46;
export const i32_lt_s = 0x48;
export const i32_gt_s = 0x4a;
export const i32_ge_s = 0x4e;
export const f32_eq = 0x5b;
export const f32_lt = 0x5d;
export const f32_gt = 0x5e;
export const i32_add = 0x6a;
export const i32_sub = 0x6b;
export const i32_mul = 0x6c;
export const i32_and = 0x71;
export const i32_or = 0x72;
export const i32_xor = 0x73;
export const i32_shl = 0x74;
export const i32_shr_s = 0x75;
export const f32_abs = 0x8b;
export const f32_neg = 0x8c;
export const f32_nearest = 0x90;
export const f32_sqrt = 0x91;
export const f32_add = 0x92;
export const f32_sub = 0x93;
export const f32_mul = 0x94;
export const f32_div = 0x95;
export const f32_min = 0x96;
export const f32_max = 0x97;
export const f32_convert_i32_s = 0xb2;
export const i32_reinterpret_f32 = 0xbc;
export const f32_reinterpret_i32 = 0xbe;
export const i32_extend16_s = 0xc1;
export const i64_extend32_s = 0xc4;

/** Begins those of the next number. */
export const more = 0xfc;
export const i32_trunc_sat_f32_s = 0;

/** Begins the instructions on vectors, which all follow. */
export const simd = 0xfd;
export const v128_load = 0;
export const v128_load8x8_s = 1;
export const v128_load8x8_u = 2;
export const v128_load16x4_u = 4;
export const v128_load32_splat = 9;
export const v128_store = 11;
export const v128_const = 12;
export const i8x16_shuffle = 13;
export const i32x4_splat = 17;
export const f32x4_splat = 19;
export const f32x4_extract_lane = 31;
export const f32x4_eq = 65;
export const f32x4_lt = 67;
export const f32x4_gt = 68;
export const v128_and = 78;
export const v128_or = 80;
export const v128_xor = 81;
export const v128_bitselect = 82;
export const v128_any_true = 83;
export const v128_store32_lane = 90;
export const v128_load32_zero = 92;
export const i8x16_narrow_i16x8_s = 101;
export const i8x16_narrow_i16x8_u = 102;
export const f32x4_nearest = 106;
export const i16x8_narrow_i32x4_s = 133;
export const i16x8_extend_low_i8x16_u = 137;
export const i16x8_extend_high_i8x16_u = 138;
export const i16x8_shl = 139;
export const i16x8_shr_s = 140;
export const i16x8_add = 142;
export const i16x8_sub = 145;
export const i16x8_mul = 149;
export const i32x4_extend_low_i16x8_s = 167;
export const i32x4_extend_high_i16x8_s = 168;
export const i32x4_extend_low_i16x8_u = 169;
export const i32x4_extend_high_i16x8_u = 170;
export const i32x4_shl = 171;
export const i32x4_shr_s = 172;
export const i32x4_add = 174;
export const i32x4_sub = 177;
export const i32x4_mul = 181;
export const i32x4_dot_i16x8_s = 186;
export const f32x4_abs = 224;
export const f32x4_neg = 225;
export const f32x4_sqrt = 227;
export const f32x4_add = 228;
export const f32x4_sub = 229;
export const f32x4_mul = 230;
export const f32x4_div = 231;
export const f32x4_min = 232;
export const f32x4_max = 233;
export const f32x4_pmin = 234;
export const f32x4_pmax = 235;
export const i32x4_trunc_sat_f32x4_s = 248;
export const f32x4_convert_i32x4_s = 250;
export const f32x4_relaxed_madd = 0x105;
