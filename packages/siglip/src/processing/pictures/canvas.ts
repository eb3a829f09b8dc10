// A browser's canvas, where there is one: what decodes for it and draws on it. Its DOM types stay out of what is exported.

/** Whether there is a canvas to draw on, and what decodes pictures for it: in pages and their workers. */
export const canDraw = (): boolean =>
  typeof createImageBitmap === 'function' &&
  (typeof OffscreenCanvas === 'function' || globalThis.document !== undefined);

/** A canvas that nothing was drawn on. In memory: reading back from a GPU is slow, and may round. */
export function freshContext(
  width: number,
  height: number,
): OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D {
  const canvas =
    typeof OffscreenCanvas === 'function'
      ? new OffscreenCanvas(width, height)
      : Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error(`canvas: the browser makes none of ${width} x ${height}`);
  return context as OffscreenCanvasRenderingContext2D;
}
