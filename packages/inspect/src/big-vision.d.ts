import { SiglipConfig } from 'siglip-ts';
import { type DumpTensor } from '../../parity/src/dump.ts';
export interface Converted {
  readonly config: SiglipConfig;
  /** By HF's keys, as they are in model.safetensors. */
  readonly tensors: ReadonlyMap<string, DumpTensor>;
}
/**
 * The SiglipModel of a checkpoint's arrays, by their names in the .npz: params/img/embedding/kernel. The configuration
 * is read from their shapes; `image_size` is needed where the pictures' side is no multiple of the patch's (384 at 14).
 * Throws for arrays that are missing, that are left over, or that do not fit each other.
 */
export declare function fromBigVision(
  arrays: ReadonlyMap<string, DumpTensor>,
  {
    image_size,
  }?: {
    image_size?: number;
  },
): Promise<Converted>;
