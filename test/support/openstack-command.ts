/** The command line client of OpenStack with its Placement plugin, as clouds use it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { systemEnvironment } from '../../src/config.js';
import { openstackPrograms } from './openstack-environment.js';

/**
 * Runs the client's own `main` for one command after the other: starting a Python with all plugins
 * takes seconds each time.
 */
const DRIVER = `
import contextlib, io, json, sys
from openstackclient import shell
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = shell.main(json.loads(line))
        except SystemExit as end:
            code = end.code
    print(json.dumps({'code': code or 0, 'stdout': out.getvalue(), 'stderr': err.getvalue()}), flush=True)
`;

/** What a command prints for `--format json`. */
export type Printed = Record<string, unknown> | readonly Record<string, unknown>[];

/** How a command ended. */
interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to reach the API. */
export interface OpenstackOptions {
  /** For instance `http://127.0.0.1:8080/placement`. */
  readonly endpoint: string;
  readonly token: string;
  /** For instance `1.39`; the program keeps the first one it is told. */
  readonly version: string;
}

/** The client of one deployment; `stop` it in `after`. */
export class OpenstackClient {
  readonly #driver: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  private constructor(
    python: string,
    private readonly options: OpenstackOptions,
  ) {
    this.#driver = spawn(python, ['-u', '-c', DRIVER], { env: systemEnvironment() });
    this.#answers = createInterface({ input: this.#driver.stdout })[Symbol.asyncIterator]();
  }

  /** Starts the client; its program is installed from wheels on first use and shared by all runs. */
  static async start(options: OpenstackOptions): Promise<OpenstackClient> {
    return new OpenstackClient(path.join(await openstackPrograms(), 'python'), options);
  }

  /** Returns what a command prints as JSON; throws an error with what it says when it fails. */
  async print(...words: readonly string[]): Promise<Printed> {
    return JSON.parse(await this.run(...words, '-f', 'json')) as Printed;
  }

  /** Runs a command and returns what it prints; throws an error with what it says when it fails. */
  async run(...words: readonly string[]): Promise<string> {
    const { endpoint, token, version } = this.options;
    const common = [
      ...['--os-auth-type', 'admin_token', '--os-token', token],
      ...['--os-endpoint', endpoint, '--os-placement-api-version', version],
    ];
    this.#driver.stdin.write(`${JSON.stringify([...common, ...words])}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('The client ended');
    const { code, stdout, stderr } = JSON.parse(answer.value) as Outcome;
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  stop(): void {
    this.#driver.stdin.end();
  }
}
