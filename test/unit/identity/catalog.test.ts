// Goal: absolute URLs in the catalogue, and the project a token speaks for. Method: pure functions.
import { expect } from 'chai';
import { sameEndpoints, withAbsoluteUrls } from '../../../src/identity/domain/catalog.js';
import { tenantFor } from '../../../src/identity/domain/tenant.js';
import { hashPassword, isPassword } from '../../../src/identity/service/password.js';

const endpoint = { versionId: 'v1.0', region: 'default', publicUrl: '/account/v1.0', uiUrl: '/ui' };

describe('withAbsoluteUrls', () => {
  it('puts the deployment’s URL before paths and leaves other URLs alone', () => {
    const elsewhere = { ...endpoint, publicUrl: 'http://there/x', uiUrl: null };
    const [service] = withAbsoluteUrls(
      [{ name: 'a', type: 'b', endpoints: [endpoint, elsewhere] }],
      'https://here',
    );
    expect(service?.endpoints).to.deep.equal([
      { ...endpoint, publicUrl: 'https://here/account/v1.0', uiUrl: 'https://here/ui' },
      elsewhere,
    ]);
  });
});

describe('sameEndpoints', () => {
  it('sees every difference, order included', () => {
    const other = { ...endpoint, versionId: 'v2.0' };
    expect(sameEndpoints([endpoint, other], [{ ...endpoint }, { ...other }])).to.equal(true);
    expect(sameEndpoints([endpoint, other], [other, endpoint])).to.equal(false);
    expect(sameEndpoints([endpoint], [endpoint, other])).to.equal(false);
    expect(sameEndpoints([endpoint], [{ ...endpoint, uiUrl: null }])).to.equal(false);
  });
});

describe('tenantFor', () => {
  const projects = [
    { id: 'p', name: 'telemetry' },
    { id: 'u', name: 'system:u' },
  ];

  it('takes the base project when none is asked for, even while it is off', () => {
    expect(tenantFor('u', projects, undefined)).to.deep.equal(projects[1]);
    expect(tenantFor('u', [], undefined)).to.deep.equal({ id: 'u', name: 'system:u' });
  });

  it('takes another project of the user, and none of somebody else', () => {
    expect(tenantFor('u', projects, 'p')).to.deep.equal(projects[0]);
    expect(tenantFor('u', projects, 'q')).to.equal(undefined);
  });
});

describe('hashPassword', () => {
  it('salts, and knows its own password again and no other', async () => {
    const [one, other] = await Promise.all([hashPassword('s3cr3t'), hashPassword('s3cr3t')]);
    expect(one).not.to.equal(other);
    expect(one).not.to.contain('s3cr3t');
    expect(await isPassword('s3cr3t', one)).to.equal(true);
    expect(await isPassword('S3cr3t', one)).to.equal(false);
    expect(await isPassword('s3cr3t', 'plain')).to.equal(false);
  });
});
