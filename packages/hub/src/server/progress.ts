// What is reported of a load on its way.

/** What `progress_callback` receives, in transformers.js' shape; `progress` runs from 0 to 100. */
export type ProgressInfo = FileBegins | FileArrives | WeightsRead | ServerWaitedFor;

/** A file is asked for, comes from the network, or is there. */
interface FileBegins {
  /** 'initiate' first, 'download' only if it is not in the cache, 'done' last. */
  status: 'initiate' | 'download' | 'done';
  /** The model's. */
  name: string;
  /** Within the model. */
  file: string;
}
/** Bytes of a file have come. */
interface FileArrives {
  /** As chunks come. */
  status: 'progress';
  /** The model's. */
  name: string;
  /** Within the model. */
  file: string;
  /** Per cent of `total`. */
  progress: number;
  /** Bytes so far, those of an earlier try included. */
  loaded: number;
  /** Bytes in all. */
  total: number;
}
/** A server has said nothing for some seconds: no answer, or not how it goes on. */
interface ServerWaitedFor {
  /** After each second. */
  status: 'waiting';
  /** The model's. */
  name: string;
  /** What was asked for; after a redirect, where that led. */
  url: string;
  /** Since the last byte. */
  seconds: number;
}
/** Weights are read when a forward first needs them: bytes of the parameters reached so far. */
interface WeightsRead {
  /** As parameters are read. */
  status: 'weights';
  /** The model's. */
  name: string;
  /** Per cent of `total`. */
  progress: number;
  /** Bytes so far. */
  loaded: number;
  /** Bytes of all parameters that the model has. */
  total: number;
}
