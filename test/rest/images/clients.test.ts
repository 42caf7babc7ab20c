// Goal: the clients that call this API in the world share images through us, unmodified.
// Method: python-glanceclient (library and command) and openstacksdk from PyPI drive create, share,
// accept, list and revoke against Envoy; scripts print what they saw, in the words of their client.
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  type Ended,
  openstackClients,
  type OpenstackClients,
} from '../../support/image-clients.js';
import { type Stack, startStack } from '../../support/stack.js';

function script(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}

function printed({ code, stdout, stderr }: Ended): unknown {
  expect(code, stderr).to.equal(0);
  return JSON.parse(stdout);
}

describe('existing clients share images', function () {
  this.timeout(300_000);

  let stack: Stack;
  let clients: OpenstackClients;

  before(async () => {
    clients = await openstackClients();
    stack = await startStack({ settings: { IMAGES_AUTH: 'fake' } });
  });
  after(() => stack.stop());

  const url = () => `http://${stack.edge}`;

  it('with the library of python-glanceclient', async () => {
    const ended = await clients.python(
      script('share_with_glanceclient.py'),
      ...[url(), randomUUID(), randomUUID()],
    );
    expect(printed(ended)).to.deep.equal({
      created: ['queued', 'shared', true, 'alp'],
      added: 'pending',
      again: 'HTTP 409 Conflict',
      default: true,
      pending: true,
      answered: 'accepted',
      listed: true,
      members: [true],
      changed: ['beta', 3, false],
      leaving: 'HTTP 403 Forbidden',
      revoked: true,
      lost: 'HTTP 404 Not Found: Image ID not found.',
      paged: ['beta', 'n0', 'n1', 'n2'],
      deleted: 'HTTP 404 Not Found',
    });
  });

  it('with openstacksdk, which finds the API by its version documents', async () => {
    const ended = await clients.python(
      script('share_with_sdk.py'),
      ...[url(), randomUUID(), randomUUID()],
    );
    expect(printed(ended)).to.deep.equal({
      created: ['queued', 'shared', true, 'alp'],
      added: 'pending',
      again: 409,
      pending: true,
      answered: 'accepted',
      listed: true,
      found: true,
      member: 'accepted',
      members: [true],
      hidden: true,
      changed: ['beta', 5],
      published: 403,
      revoked: true,
      lost: 404,
      unknown: true,
      paged: ['beta', 'n0', 'n1', 'n2'],
      deleted: 404,
    });
  });

  it('with the command of python-glanceclient', async () => {
    const [producer, consumer] = [randomUUID(), randomUUID()];
    const glance = (project: string, ...args: readonly string[]) =>
      clients.glance(
        ...['--os-image-url', url(), '--os-auth-token', `u:${project}:member`],
        ...args,
      );
    const succeeds = async (project: string, ...args: readonly string[]) => {
      const { code, stdout, stderr } = await glance(project, ...args);
      expect(code, `${args.join(' ')}: ${stderr}`).to.equal(0);
      return stdout;
    };
    const created = await succeeds(producer, 'image-create', '--name', 'alpine');
    const image = /\| id +\| (\S+)/.exec(created)?.[1] ?? '';
    expect(await succeeds(producer, 'member-create', image, consumer)).to.include('pending');
    expect(await succeeds(consumer, 'image-list')).to.not.include(image);
    const answered = await succeeds(consumer, 'member-update', image, consumer, 'accepted');
    expect(answered).to.include('accepted');
    expect(await succeeds(consumer, 'image-list')).to.include(image);
    expect(await succeeds(producer, 'member-list', '--image-id', image)).to.include(consumer);
    await succeeds(producer, 'member-delete', image, consumer);
    expect(await succeeds(consumer, 'image-list')).to.not.include(image);
    const lost = await glance(consumer, 'image-show', image);
    expect(lost.code).to.equal(1);
    expect(lost.stderr).to.include(`HTTP 404 Not Found: Image ${image} not found.`);
    await succeeds(producer, 'image-delete', image);
  });
});
