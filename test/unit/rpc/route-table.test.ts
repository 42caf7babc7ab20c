// Goal: a path means what the documents say, whatever Envoy's own lookup would have made of it.
// Method: small tables with literals beside variables; then every binding of the protos is found.
import { expect } from 'chai';
import { httpRules } from '../../../src/gen/http-rules.js';
import { RouteTable } from '../../../src/rpc/route-table.js';

const table = new RouteTable([
  { rpc: 'List', method: 'GET', template: '/v1/commissions' },
  { rpc: 'Issue', method: 'POST', template: '/v1/commissions' },
  { rpc: 'Get', method: 'GET', template: '/v1/commissions/*' },
  { rpc: 'ResolveMany', method: 'POST', template: '/v1/commissions/action' },
  { rpc: 'Resolve', method: 'POST', template: '/v1/commissions/*/action' },
  { rpc: 'Member', method: 'PUT', template: '/v1/{image_id}/members/{member_id}' },
  { rpc: 'Root', method: 'GET', template: '/' },
  { rpc: 'Anything', method: '*', template: '/{path=**}' },
]);

function found(path: string, ignoresTrailingSlash = false) {
  const match = table.find(path, ignoresTrailingSlash);
  return match && { rpcs: Object.fromEntries(match.rpcs), parameters: match.parameters };
}

describe('RouteTable', () => {
  it('finds the RPC of every method a path has', () => {
    expect(found('/v1/commissions')).to.deep.equal({
      rpcs: { GET: 'List', POST: 'Issue' },
      parameters: [],
    });
  });

  it('tells what stood in the variable places, in their order', () => {
    expect(found('/v1/i-1/members/m-2')).to.deep.equal({
      rpcs: { PUT: 'Member' },
      parameters: ['i-1', 'm-2'],
    });
  });

  it('prefers a literal segment to a variable, for methods the literal lacks, too', () => {
    expect(found('/v1/commissions/action')).to.deep.equal({
      rpcs: { POST: 'ResolveMany' },
      parameters: [],
    });
  });

  it('falls back to the variable where the literal leads nowhere', () => {
    expect(found('/v1/commissions/action/action')).to.deep.equal({
      rpcs: { POST: 'Resolve' },
      parameters: ['action'],
    });
    expect(found('/v1/commissions/members/m')).to.deep.equal({
      rpcs: { PUT: 'Member' },
      parameters: ['commissions', 'm'],
    });
  });

  it('does not take the inner of a template for a path', () => {
    for (const path of [
      '/v1',
      '/v1/i/members',
      '/v1/commissions/1/actions',
      '/v1/commissions/1/action/x',
    ])
      expect(found(path), path).to.equal(undefined);
  });

  it('leaves out templates that match everything', () => {
    expect(found('/nobody/knows')).to.equal(undefined);
  });

  it('finds the root', () => {
    expect(found('/')).to.deep.equal({ rpcs: { GET: 'Root' }, parameters: [] });
    expect(found('/', true)).to.deep.equal({ rpcs: { GET: 'Root' }, parameters: [] });
  });

  it('drops one slash at the end where the family does, and no second one', () => {
    expect(found('/v1/commissions/', true)?.rpcs).to.deep.equal({ GET: 'List', POST: 'Issue' });
    expect(found('/v1/commissions/')).to.equal(undefined);
    expect(found('/v1/commissions//', true)).to.equal(undefined);
  });

  it('never lets a variable be empty', () => {
    for (const path of ['/v1/commissions//action', '/v1//members/m', '/v1/i/members/'])
      for (const ignores of [true, false]) expect(found(path, ignores), path).to.equal(undefined);
  });

  it('decodes percent-encoding in variables, an encoded slash included', () => {
    expect(found('/v1/commissions/%CE%B1%2Fb%20c')?.parameters).to.deep.equal(['α/b c']);
  });

  it('decodes percent-encoding in literals, too', () => {
    expect(found('/v1/commissi%6Fns')?.rpcs).to.include({ GET: 'List' });
  });

  it('does not know a path whose percent-encoding is broken', () => {
    for (const path of ['/v1/commissions/%', '/v1/commissions/%zz', '/v1/commissions/%ff'])
      expect(found(path), path).to.equal(undefined);
  });

  it('keeps upper case and dots apart from other segments', () => {
    expect(found('/V1/commissions')).to.equal(undefined);
    expect(found('/v1/./commissions')).to.equal(undefined);
  });

  it('finds every binding that the protos have', () => {
    const real = new RouteTable(httpRules);
    const documented = httpRules.filter(({ template }) => !template.includes('**'));
    expect(documented.length).to.be.greaterThan(10);
    for (const { rpc, method, template } of documented) {
      const path = template.replace(/\{[^}]*\}|\*/g, '12');
      expect(real.find(path, false)?.rpcs.get(method), `${method} ${template}`).to.equal(rpc);
    }
  });
});
