// What one input may take.

/** Milliseconds. */
export const MOST_TIME = 5000;
/** Bytes of memory that a process may grow by, whichever input it is at. */
export const MOST_GROWTH = 500 * 2 ** 20;
