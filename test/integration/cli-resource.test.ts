// Goal: operators change the defaults of resources, and existing projects keep what they have (projects
// specification, 5). Method: the command in processes of its own, on a database with a few resources.
import { expect } from 'chai';
import { parse } from 'lossless-json';
import { apportion, type CommandOutcome } from '../support/command.js';
import { createPerson } from '../support/people.js';
import { PROJECTS_WORLD } from '../support/projects.js';
import { startStack, type Stack } from '../support/stack.js';

const UNLIMITED = 2n ** 63n - 1n;
const REMARK =
  'Existing projects keep what they have; `apportion project modify-limits` changes it.\n';

describe('apportion resource modify', function () {
  this.timeout(60_000);

  let stack: Stack;

  before(async () => {
    stack = await startStack({ envoy: false });
    await stack.apply(PROJECTS_WORLD);
  });
  after(() => stack.stop());

  const modify = (...args: string[]) =>
    apportion(['resource', 'modify', ...args], { settings: { DATABASE_URL: stack.database.url } });
  const found = async (name: string) => {
    const all = await stack.operations.quotas.overview.resources();
    const resource = all.find((each) => each.name === name);
    if (resource === undefined) throw new Error(`There is no ${name}`);
    return resource;
  };
  const capacityOf = async (user: { readonly uuid: string }, resource: string) => {
    const { view } = await stack.operations.projects.operating.show(user.uuid);
    return view.resources.get(resource)?.projectCapacity;
  };
  const ending = ({ code, stdout, stderr }: CommandOutcome) => [code, stdout, stderr];

  it('is for users and projects to come; existing ones keep what they have', async () => {
    const early = await createPerson(stack);
    const done = await modify('r11', '--system-default', '5', '--project-default', 'unlimited');
    expect(ending(done)).to.deep.equal([0, 'changed: resource r11\n', REMARK]);
    const late = await createPerson(stack);
    expect([await capacityOf(early, 'r11'), await capacityOf(late, 'r11')]).to.deep.equal([
      100n,
      5n,
    ]);
    expect(await found('r11')).to.deep.include({
      ...{ systemDefault: 5n, projectDefault: UNLIMITED, description: 'Rooms' },
    });
    const again = await modify('r11', '--system-default', '5');
    expect(ending(again)).to.deep.equal([0, 'unchanged: resource r11\n', '']);
  });

  it('changes unit, description and who sees it, and says how it is then', async () => {
    const { code, stdout, stderr } = await modify(
      ...['r12', '--unit', '', '--description', 'Größe', '--ui-visible', 'no'],
      ...['--api-visible', 'no', '--json'],
    );
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(parse(stdout, undefined, BigInt)).to.deep.equal({
      ...{ name: 'r12', service: 'yard_service', description: 'Größe', unit: null },
      ...{ api_visible: false, ui_visible: false, system_default: 1024n, project_default: 9n },
    });
    const back = await modify('r12', '--unit', 'bytes', '--api-visible', 'yes');
    expect(back.code, back.stderr).to.equal(0);
    expect(await found('r12')).to.include({ unit: 'bytes', apiVisible: true, uiVisible: false });
  });

  it('is kept by state files that do not say otherwise', async () => {
    await modify('r13', '--system-default', '77', '--project-default', '78');
    const keepsSaying = PROJECTS_WORLD.replace(', system_default: 2048, project_default: 11', '');
    await stack.apply(keepsSaying);
    expect(await found('r13')).to.include({ systemDefault: 77n, projectDefault: 78n });
  });

  it('refuses what there is not, and what cannot be', async () => {
    expect(ending(await modify('nope', '--system-default', '1'))).to.deep.equal([
      ...[1, '', 'apportion: There is no resource nope\n'],
    ]);
    expect(ending(await modify('r13', '--ui-visible', 'yes'))).to.deep.equal([
      ...[1, ''],
      'apportion: r13 cannot be shown by user interfaces and hidden in the API\n',
    ]);
    const { code, stderr } = await modify('r13', '--system-default', '-1');
    expect(code).to.equal(1);
    expect(stderr).to.contain('Say unlimited, or a whole number');
  });
});
