// What can come of asking a server for a file: the file, that it is unchanged, that there is none, or a failure.

/** A response of status 200 (206 or 416 where a range was asked for), or why there is none. */
export type Answer =
  | {
      readonly kind: 'found';
      readonly response: Response;
      readonly url: string;
      readonly version: Version;
    }
  | { readonly kind: 'unchanged'; readonly commit: string | undefined }
  | Missing
  | Failed;

/** No such file. */
export interface Missing {
  readonly kind: 'missing';
  /** What was answered where, for the message of a caller that needs the file. */
  readonly why: string;
  readonly commit: string | undefined;
  /** Whether the answer can be nothing else, so that it may be remembered. */
  readonly certain: boolean;
}

/** Which bytes a file has now, as the server says before it sends them. */
export interface Version {
  /** Names the content: on the hub the sha256 of a large file, git's sha1 of a small one. */
  readonly etag: string | undefined;
  readonly commit: string | undefined;
  readonly size: number | undefined;
}

/** Why there is no answer, where another attempt may bring one. */
export interface Failed {
  readonly kind: 'failed';
  readonly why: Error;
  /** The server's own word on when to come back, in ms. */
  readonly after?: number;
  /** Most likely to fail again: one more attempt will do. */
  readonly hopeless?: boolean;
}
