/** One OpenStack installation and the account that works in it (state file, `deployments`). */
export interface Deployment {
  /** Keystone's version 3 URL, ending in `/v3` (errata, decision 1). */
  readonly authUrl: string;
  readonly username: string;
  readonly password: string;
  /** The account's own project, to which tokens are scoped (errata, decision 2). */
  readonly projectName: string;
  /** Id of the domain of user, own project and all projects made; usually `default`. */
  readonly domain: string;
  /** The region whose services are used; absent: the first of each in the catalogue. */
  readonly region?: string;
}

/** How the driver talks, the same for all deployments. */
export interface DriverOptions {
  /** Certificate authorities to trust besides the well-known ones, as PEM text. */
  readonly ca?: string;
  /** Whether certificates are verified; only a test installation should say no. Default true. */
  readonly verifyTls?: boolean;
  /** Longest wait for one answer, in milliseconds. Default 30 s. */
  readonly timeoutMs?: number;
  /** How often a repeatable call is made at most. Default 3. */
  readonly attempts?: number;
  /** Pause before the second attempt, in milliseconds; doubles with each further one. Default 250. */
  readonly backOffMs?: number;
  /** Most calls in flight to one deployment. Default 8. */
  readonly concurrency?: number;
  /** Largest answer that is read, in bytes. Default 4 MiB. */
  readonly maxAnswerBytes?: number;
  /**
   * For how long a failed sign-in is answered again without a call, in milliseconds. Default 5 s: a
   * thousand links of one deployment neither lock its account nor wait for it one by one.
   */
  readonly signInRestMs?: number;
}

/** The options with every default filled in. */
export type FullOptions = Required<Omit<DriverOptions, 'ca'>> & Pick<DriverOptions, 'ca'>;

/** Returns the options with every default filled in. */
export function fullOptions(options: DriverOptions): FullOptions {
  return {
    ca: options.ca,
    verifyTls: options.verifyTls ?? true,
    timeoutMs: options.timeoutMs ?? 30_000,
    attempts: options.attempts ?? 3,
    backOffMs: options.backOffMs ?? 250,
    concurrency: options.concurrency ?? 8,
    maxAnswerBytes: options.maxAnswerBytes ?? 4_194_304,
    signInRestMs: options.signInRestMs ?? 5_000,
  };
}
