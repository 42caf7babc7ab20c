/**
 * Does what the README tells a newcomer to do: its curl calls and its TypeScript program are taken
 * out of the text and run against `apportion dev` with the demo world, on other ports.
 */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { DevHome, type DevRun } from '../support/dev-command.js';

const run = promisify(execFile);

const TELEMETRY = '9b1d7c44-2f6e-4a41-8a9a-61f0c2d7b0aa';
const BOB = 'c3a8e0f4-52b7-4c1e-9d36-7b1f0a2e4d58';

describe('the README', function () {
  this.timeout(120_000);

  let readme: string;
  let home: DevHome;
  let dev: DevRun;

  before(async () => {
    readme = await readFile('README.md', 'utf8');
    home = await DevHome.create();
    dev = await home.run();
    await dev.ready();
  });

  after(() => home.remove());

  it('shows curl calls that show quotas, reserve a machine, list it and settle it', async () => {
    const { stdout } = await run('sh', ['-c', onOurPorts(blockWith('sh', 'curl'))]);
    const answers = answersIn(stdout);
    expect(answers).to.have.length(5);
    expect(answers[0]).to.have.property('nimbus.vm');
    expect(answers[1]).to.have.property('9b1d7c44-2f6e-4a41-8a9a-61f0c2d7b0aa');
    expect(answers[2]).to.deep.equal({ serial: 1 });
    expect(answers[3]).to.deep.equal([1]);
    expect(answers[4]).to.deep.equal({ accepted: [1], rejected: [], failed: [] });
  });

  it('shows how a user applies for a project, an admin approves it and another user joins', async () => {
    const block = onOurPorts(blockWith('sh', 'genome.acme.test'));
    const { stdout } = await run('sh', ['-c', `${block}printf '"%s"' "$project"`]);
    const [joined, quotas, project] = answersIn(stdout);
    expect(joined).to.have.keys(['id']);
    expect(quotas)
      .to.have.nested.property(`${String(project)}.nimbus\\.vm`)
      .that.includes({ limit: 2, usage: 0, project_limit: 8 });
  });

  it('shows how a provider gets an inventory, and a consumer a part of it', async () => {
    const { stdout } = await run('sh', ['-c', onOurPorts(blockWith('sh', '$placement'))]);
    const [inventories, claim, provider, project, ...more] = answersIn(stdout);
    expect(more).to.deep.equal([]);
    expect(inventories).to.have.property('inventories').that.has.keys(['VCPU', 'MEMORY_MB']);
    expect(claim).to.include({ consumer_generation: 1, consumer_type: 'INSTANCE' });
    expect(claim).to.have.property('project_id', TELEMETRY);
    expect(provider).to.have.deep.property('usages', { VCPU: 2, MEMORY_MB: 4096 });
    expect(project).to.deep.equal({
      usages: { INSTANCE: { VCPU: 2, MEMORY_MB: 4096, consumer_count: 1 } },
    });
  });

  it('shows how an image is shared, accepted, listed and taken back', async () => {
    const { stdout } = await run('sh', ['-c', onOurPorts(blockWith('sh', '$images'))]);
    const [shared, pending, accepted, listed, afterwards, ...more] = answersIn(stdout);
    expect(more).to.deep.equal([]);
    expect(shared).to.include({ status: 'pending', member_id: BOB });
    expect(pending).to.have.nested.property('images[0].name', 'rocket-1');
    expect(accepted).to.include({ status: 'accepted', member_id: BOB });
    expect(listed).to.have.nested.property('images[0].owner', TELEMETRY);
    expect(afterwards).to.have.deep.property('images', []);
  });

  it('shows a TypeScript program that issues a commission', async () => {
    const program = path.resolve('.cache/readme/try.ts');
    await mkdir(path.dirname(program), { recursive: true });
    try {
      const text = onOurPorts(blockWith('ts', 'CommissionsServiceClient'));
      await writeFile(program, text.replaceAll("'./src/", "'../../src/"));
      const { stdout } = await run(process.execPath, ['--import', 'tsx', program]);
      expect(stdout).to.match(/^serial \d+\n$/);
    } finally {
      await rm(path.dirname(program), { recursive: true, force: true });
    }
  });

  it('shows grpcurl calls of services and methods that exist', async () => {
    const routes = await readFile('envoy/routes.md', 'utf8');
    const called = [...blockWith('sh', 'grpcurl').matchAll(/apportion\.[\w.]+\/\w+/g)];
    expect(called).to.have.length.above(1);
    for (const [rpc] of called)
      expect(routes).to.include(rpc.replace(/^apportion\.\w+\.v\d\./, ''));
  });

  it('shows a state file that can be applied, twice, and commands that run', async () => {
    const file = path.join(home.directory, 'state.yaml');
    await writeFile(file, blockWith('yaml', 'components:'));
    expect(parse(await readFile(file, 'utf8'))).to.have.keys(['components', 'users', 'projects']);
    const environment = { ...process.env, ...home.ports, APPORTION_HOME: home.directory };
    const commands = blockWith('sh', 'apply -f').trim().split('\n');
    for (const command of [...commands, ...commands.slice(1, 2)]) {
      const text = command.replace('state.yaml', file);
      const { stdout } = await run('sh', ['-c', text], { env: environment });
      expect(stdout, command).to.not.equal('');
    }
  });

  function blockWith(language: string, word: string): string {
    const blocks = [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))];
    const found = blocks.map(([, text = '']) => text).find((text) => text.includes(word));
    if (found === undefined) throw new Error(`The README has no ${language} block with ${word}`);
    return found;
  }

  function onOurPorts(text: string): string {
    const { HTTP_PORT, GRPC_PORT } = home.ports;
    return text
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${HTTP_PORT}`)
      .replaceAll('127.0.0.1:50051', `127.0.0.1:${GRPC_PORT}`);
  }
});

/** curl prints one answer behind the other, without a line end between them. */
function answersIn(output: string): readonly unknown[] {
  const answers: unknown[] = [];
  let rest = output;
  while (rest !== '') {
    let end = rest.length;
    for (; end > 0; end -= 1) {
      try {
        answers.push(JSON.parse(rest.slice(0, end)));
        break;
      } catch {
        // Not the end of a value yet: a shorter piece may be one.
      }
    }
    if (end === 0) throw new Error(`Not JSON: ${rest}`);
    rest = rest.slice(end);
  }
  return answers;
}
