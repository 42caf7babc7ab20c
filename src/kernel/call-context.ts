/** Which face of an RPC a call came through. */
export type Face = 'grpc' | 'rest';

/** What a use case may know of the call besides its command. */
export interface CallContext {
  readonly requestId: string;
  readonly face: Face;
  /** When the caller stops waiting, in milliseconds since the epoch; Infinity when never. */
  readonly deadline: number;
  /** Whether the caller is gone already. */
  isCancelled(): boolean;
}
