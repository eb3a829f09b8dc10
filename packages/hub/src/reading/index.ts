// Reading what others wrote: bodies of answers and files on disk, neither without end nor without a word. For the project's
// own packages; knows neither models nor pictures.
/** @module @siglip-ts/hub/reading */
export { bodyOf, chunksOf, tooMuch } from './body.ts';
export { readRegular } from './regular-file.ts';
export { answerOf, isSilence, type Patience, SILENCE } from './silence.ts';
