/**
 * Goal: the driver trusts a deployment's certificate only if an authority it was told of signed it.
 * Method: a fake cloud with a certificate that is its own authority.
 */
import { expect } from 'chai';
import { type DriverOptions, OpenStackDriver } from '../../../src/links/driver/index.js';
import { failureOf } from '../../support/failure-of.js';
import { SELF_SIGNED } from '../../support/openstack/certificate.js';
import { type FakeCloud, startFakeCloud } from '../../support/openstack/cloud.js';

describe('the OpenStack driver over TLS', () => {
  let fake: FakeCloud;

  before(async () => {
    fake = await startFakeCloud({ tls: SELF_SIGNED });
  });
  after(() => fake.close());

  const signIn = async (options: DriverOptions) => {
    const driver = new OpenStackDriver({ attempts: 1, ...options });
    try {
      await driver.cloudOf(fake.deployment).signIn();
    } finally {
      driver.close();
    }
  };

  it('refuses a certificate nobody vouches for, and says so', async () => {
    const { message } = await failureOf(signIn({}));
    expect(message).to.match(/^keystone cannot be reached: .*certificate/);
    expect(fake.seen).to.deep.equal([]);
  });

  it('takes it from an authority of the settings', async () => {
    await signIn({ ca: SELF_SIGNED.cert });
    expect(fake.seen).to.have.length(1);
  });

  it('takes any when verification is switched off', async () => {
    await signIn({ verifyTls: false });
    expect(fake.seen).to.have.length(2);
  });
});
