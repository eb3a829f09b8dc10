// Where the bytes of a file come from: memory, a disk, or anything that can read a range.
// Not a stream: a reader asks for the ranges it wants, in any order.

/** Random access to the bytes of one file. */
export interface ByteSource {
  /** What error messages call the file. */
  readonly name?: string;
  /** In bytes; may exceed 2^32. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset` on, or a rejection. The result may be a view of shared
   * memory.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Gives the file back, where it is open. */
  close?(): Promise<void>;
}

/** A source over bytes in memory. What it reads are views of `bytes`, not copies. */
export function bytesSource(bytes: Uint8Array, name?: string): ByteSource {
  return {
    ...(name === undefined ? {} : { name }),
    size: bytes.length,
    async read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > bytes.length)
        throw new RangeError(
          `${name ?? 'bytes'}: a read of ${length} bytes at ${offset}, expected a range within ${bytes.length}`,
        );
      return bytes.subarray(offset, offset + length);
    },
  };
}
