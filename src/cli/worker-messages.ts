/** What `apportion dev` asks of a worker over their IPC channel. */
export interface MetricsRequest {
  readonly kind: 'metrics';
  /** Comes back with the answer. */
  readonly id: number;
}

/** What a worker says to its parent. */
export type WorkerMessage =
  | {
      /** It listens. */
      readonly kind: 'ready';
      readonly port: number;
    }
  | {
      /** The answer to a MetricsRequest, in the text format of Prometheus. */
      readonly kind: 'metrics';
      readonly id: number;
      readonly text: string;
    };

/** Tells whether something that came over the channel is a request for figures. */
export function isMetricsRequest(message: unknown): message is MetricsRequest {
  return kindOf(message) === 'metrics';
}

/** Tells whether something that came over the channel is a message of a worker. */
export function isWorkerMessage(message: unknown): message is WorkerMessage {
  return ['ready', 'metrics'].includes(kindOf(message) ?? '');
}

function kindOf(message: unknown): string | undefined {
  return typeof message === 'object' && message !== null && 'kind' in message
    ? String(message.kind)
    : undefined;
}
