/**
 * Goal: whatever a deployment does, the driver tries again exactly where that helps and cannot harm.
 * Method: fake clouds that go down, hang, forget and refuse on demand.
 */
import { expect } from 'chai';
import { eventually } from '../../support/eventually.js';
import { failureOf } from '../../support/failure-of.js';
import { startFakeCloud } from '../../support/openstack/cloud.js';
import type { Fault } from '../../support/openstack/faults.js';
import { FakeStage, openStackErrorOf } from '../../support/openstack/stage.js';

describe('the OpenStack driver in trouble', () => {
  let stage: FakeStage;

  beforeEach(async () => {
    stage = await FakeStage.open();
  });
  afterEach(() => stage.close());

  const plan = { name: 'nc-2', description: '' };

  describe('tokens (12.5)', () => {
    it('are asked for once by all who wait, and kept', async () => {
      const cloud = stage.cloud();
      await Promise.all(Array.from({ length: 10 }, () => cloud.pullQuotas(stage.projectId)));
      await cloud.pullQuotas(stage.projectId);
      expect(stage.count('keystone')).to.equal(1);
      expect(stage.count('nova')).to.equal(11);
    });

    it('are renewed before they expire, without a refused call', async () => {
      stage.fake.tokenLifeMs = 250;
      const cloud = stage.cloud();
      let calls = 0;
      await eventually(async () => {
        await cloud.listSecurityGroups(stage.projectId);
        calls += 1;
        return stage.count('keystone') === 3;
      });
      expect(stage.count('neutron')).to.equal(calls);
    });

    it('are renewed once when a service refuses them, and the call is made again', async () => {
      const cloud = stage.cloud();
      await cloud.signIn();
      stage.fake.revokeTokens();
      await cloud.pushSecurityGroups(stage.projectId, [
        { name: 'ssh', description: '', rules: [] },
      ]);
      expect(stage.count('keystone')).to.equal(2);
      stage.fake.revokeTokens();
      expect(await cloud.ensureProject(plan)).to.be.a('string');
      expect(stage.fake.seen.filter(({ target }) => target === '/v3/auth/tokens')).to.have.length(
        3,
      );
    });

    it('are not asked for again and again when a service refuses every one', async () => {
      const cloud = stage.cloud();
      stage.fake.faults.set('nova', { kind: 'answering', answer: { status: 401 } });
      expect(await openStackErrorOf(cloud.getServer('42'))).to.include({
        service: 'nova',
        kind: 'unauthorized',
      });
      expect([stage.count('keystone'), stage.count('nova')]).to.deep.equal([2, 2]);
    });

    it('are those of the new password once the deployment has one', async () => {
      const driver = stage.driver();
      const wrong = { ...stage.fake.deployment, password: 'wrong' };
      expect(await openStackErrorOf(driver.cloudOf(wrong).signIn())).to.include({
        kind: 'unauthorized',
      });
      await driver.cloudOf(stage.fake.deployment).signIn();
      expect(driver.cloudOf({ ...stage.fake.deployment })).to.equal(
        driver.cloudOf(stage.fake.deployment),
      );
    });
  });

  describe('a refused sign-in', () => {
    const wrong = { password: 'wr0ng-passw0rd' };

    it('makes no write call (42)', async () => {
      const error = await openStackErrorOf(
        stage.cloud({}, wrong).pushQuotas(stage.projectId, { vcpu: 1n, storage: 1n }),
      );
      expect(error).to.include({ service: 'keystone', kind: 'unauthorized', status: 401 });
      expect(error.message).to.equal(
        'keystone answered 401: The request you have made requires authentication.',
      );
      expect(stage.fake.seen).to.have.length(1);
    });

    it('is answered again for a while without a call, unless somebody wants to know', async () => {
      const cloud = stage.cloud({}, wrong);
      await openStackErrorOf(cloud.signIn());
      await openStackErrorOf(cloud.pullQuotas(stage.projectId));
      expect(stage.count('keystone')).to.equal(1);
      await openStackErrorOf(cloud.signIn({ fresh: true }));
      expect(stage.count('keystone')).to.equal(2);
      const restless = stage.cloud({ signInRestMs: 0 }, wrong);
      await openStackErrorOf(restless.signIn());
      await openStackErrorOf(restless.signIn());
      expect(stage.count('keystone')).to.equal(4);
    });
  });

  describe('a push without values', () => {
    it('makes no call, not even a sign-in (28, errata: empty sets)', async () => {
      expect(await stage.cloud().pushQuotas(stage.projectId, {})).to.deep.equal([]);
      expect(stage.fake.seen).to.deep.equal([]);
    });

    it('calls only the services it has values for (38)', async () => {
      await stage.cloud().pushQuotas(stage.projectId, { vcpu: 30n });
      const writes = stage.fake.seen.filter(({ method }) => method === 'PUT');
      expect(writes.map(({ service, body }) => [service, body])).to.deep.equal([
        ['nova', { quota_set: { cores: 30 } }],
      ]);
      expect([stage.count('cinder'), stage.count('neutron')]).to.deep.equal([0, 0]);
    });
  });

  describe('a service that fails', () => {
    const repeated: readonly [string, Fault, number?][] = [
      ['answers 503', { kind: 'answering', answer: { status: 503 } }, 503],
      ['answers 500', { kind: 'answering', answer: { status: 500 } }, 500],
      ['answers 429', { kind: 'answering', answer: { status: 429 } }, 429],
      ['closes the connection', { kind: 'down' }],
      ['breaks off its answer', { kind: 'broken-answer' }],
    ];
    for (const [what, fault, status] of repeated) {
      it(`is asked again when it ${what}`, async () => {
        const cloud = stage.cloud();
        stage.fake.faults.set('nova', { ...fault, times: 2 });
        const { limits } = await cloud.pullQuotas(stage.projectId);
        expect(limits.vcpu).to.equal(20n);
        expect(stage.count('nova')).to.equal(3);
      });

      it(`is given up when it ${what} every time, and the others are called (39)`, async () => {
        const cloud = stage.cloud();
        stage.fake.faults.set('nova', fault);
        const outcomes = await cloud.pushQuotas(stage.projectId, {
          storage: 2048n,
          vcpu: 3n,
          security_group_count: 4n,
        });
        expect(outcomes.map(({ error }) => error?.kind)).to.deep.equal([
          undefined,
          'unavailable',
          undefined,
        ]);
        expect(outcomes[1]?.error?.status).to.equal(status);
        expect(stage.count('nova')).to.equal(3);
      });
    }

    it('is not waited for twice when it hangs', async () => {
      const cloud = stage.cloud({ timeoutMs: 100 });
      stage.fake.faults.set('nova', { kind: 'hanging' });
      expect(await openStackErrorOf(cloud.getServer('42'))).to.include({
        kind: 'unavailable',
        message: 'nova cannot be reached: no answer within 100 ms',
      });
      expect(stage.count('nova')).to.equal(1);
    });

    it('may be slow', async () => {
      stage.fake.faults.set('nova', { kind: 'slow', milliseconds: 50 });
      expect(
        (await stage.cloud({ timeoutMs: 5000 }).pullQuotas(stage.projectId)).limits.vcpu,
      ).to.equal(20n);
    });

    it('may have done what it did not answer: a PUT is made again', async () => {
      stage.fake.faults.set('cinder', { kind: 'forgetful', times: 1 });
      const [outcome] = await stage.cloud().pushQuotas(stage.projectId, { storage: 2048n });
      expect(outcome?.error).to.equal(undefined);
      expect(stage.count('cinder', 'PUT')).to.equal(2);
    });

    it('may have done what it did not answer: a POST is not made again', async () => {
      const cloud = stage.cloud();
      await cloud.signIn();
      stage.fake.faults.set('keystone', { kind: 'forgetful', times: 1 });
      expect(await openStackErrorOf(cloud.ensureProject(plan))).to.include({ kind: 'unavailable' });
      const posts = () => stage.fake.seen.filter(({ target }) => target === '/v3/projects');
      expect(posts()).to.have.length(1);
      const id = await cloud.ensureProject(plan);
      expect(stage.fake.world.projects.get(id)?.name).to.equal('nc-2');
      expect(posts()).to.have.length(2);
    });

    it('is left at once when the work is cancelled', async () => {
      const cloud = stage.cloud();
      await cloud.signIn();
      stage.fake.faults.set('nova', { kind: 'hanging' });
      const controller = new AbortController();
      const work = failureOf(cloud.getServer('42', controller.signal));
      await eventually(() => stage.count('nova') === 1);
      controller.abort(new Error('the process stops'));
      expect((await work).message).to.equal('the process stops');
      expect((await failureOf(cloud.getServer('42', controller.signal))).message).to.equal(
        'the process stops',
      );
      expect(stage.count('nova')).to.equal(1);
    });

    it('is not waited for between two attempts once the work is cancelled', async () => {
      const cloud = stage.cloud({ backOffMs: 60_000 });
      await cloud.signIn();
      stage.fake.faults.set('nova', { kind: 'answering', answer: { status: 503 } });
      const controller = new AbortController();
      const work = failureOf(cloud.getServer('42', controller.signal));
      await eventually(() => stage.count('nova') === 1);
      controller.abort(new Error('the process stops'));
      expect((await work).message).to.equal('the process stops');
    });

    it('is asked for only by HTTP', async () => {
      for (const authUrl of ['ftp://127.0.0.1/v3', 'keystone', '']) {
        const error = await openStackErrorOf(stage.cloud({}, { authUrl }).signIn());
        expect(error).to.include({ service: 'keystone', kind: 'refused' });
      }
    });

    it('is named when nobody listens there', async () => {
      const cloud = stage.cloud();
      await stage.fake.close();
      const error = await openStackErrorOf(cloud.signIn());
      expect(error).to.include({ service: 'keystone', kind: 'unavailable', status: undefined });
      expect(error.message).to.match(/^keystone cannot be reached: .*ECONNREFUSED/);
    });

    it('works again as soon as it does', async () => {
      const cloud = stage.cloud({ attempts: 1, signInRestMs: 0 });
      stage.fake.faults.set('keystone', { kind: 'down' });
      expect(await openStackErrorOf(cloud.signIn())).to.include({ kind: 'unavailable' });
      stage.fake.faults.mend('keystone');
      await cloud.signIn();
    });
  });

  describe('several deployments side by side', () => {
    it('have a bounded number of calls in flight each', async () => {
      const cloud = stage.cloud({ concurrency: 3 });
      stage.fake.faults.set('nova', { kind: 'slow', milliseconds: 5 });
      await Promise.all(Array.from({ length: 20 }, () => cloud.pullQuotas(stage.projectId)));
      expect(stage.fake.mostAtOnce).to.equal(3);
    });

    it('let go of work that is cancelled while it waits for its turn', async () => {
      const cloud = stage.cloud({ concurrency: 1 });
      await cloud.signIn();
      stage.fake.faults.set('nova', { kind: 'hanging', times: 1 });
      const [first, second] = [new AbortController(), new AbortController()];
      const hanging = failureOf(cloud.getFlavor('1', first.signal));
      await eventually(() => stage.count('nova') === 1);
      const waiting = failureOf(cloud.getFlavor('1', second.signal));
      const next = openStackErrorOf(cloud.getFlavor('1'));
      second.abort(new Error('the second stops'));
      expect((await waiting).message).to.equal('the second stops');
      expect(stage.count('nova')).to.equal(1);
      first.abort(new Error('the first stops'));
      expect((await hanging).message).to.equal('the first stops');
      expect(await next).to.include({ kind: 'not-found' });
      expect(stage.count('nova')).to.equal(2);
    });

    it('do not wait for one that hangs, and do not share tokens', async () => {
      const other = await startFakeCloud();
      try {
        const driver = stage.driver({ concurrency: 1, timeoutMs: 60_000 });
        stage.fake.faults.set('keystone', { kind: 'hanging' });
        const stuck = driver.cloudOf(stage.fake.deployment).signIn();
        await eventually(() => stage.count('keystone') === 1);
        await driver.cloudOf(other.deployment).signIn();
        expect(other.world.tokens.size).to.equal(1);
        driver.close();
        expect(await openStackErrorOf(stuck)).to.include({ kind: 'unavailable' });
      } finally {
        await other.close();
      }
    });
  });
});
