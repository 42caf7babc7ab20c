// Goal: the matrix of section 3.2 (behaviours 14 and 15) in every mode of the policy.
// Method: the policy alone, caller by caller.
import { expect } from 'chai';
import { createPolicy, type PolicyMode, type Rule } from '../../../src/allocations/access.js';
import { callerFromHeaders } from '../../../src/allocations/domain/no-auth.js';
import { Failure } from '../../../src/kernel/failure.js';
import type { ScopedPrincipal } from '../../../src/kernel/principal.js';

const RULES: readonly Rule[] = [
  'placement:allocations:update',
  'placement:resource_providers:inventories:delete',
  'placement:resource_classes:list',
  'placement:usages',
];

function caller(roles: readonly string[], isSystemScoped = false): ScopedPrincipal {
  return { kind: 'scoped', user: 'u', scope: { project: 'p', roles }, isSystemScoped };
}

/** What refuses the caller, or undefined. */
function refusal(mode: PolicyMode, who: ScopedPrincipal, rule: Rule, project?: string) {
  try {
    createPolicy(mode).enforce(rule, who, project);
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

describe('the policy (section 3.2)', () => {
  for (const mode of ['new', 'legacy'] as const) {
    it(`lets admin and service do everything (${mode})`, () => {
      for (const role of ['admin', 'service', 'ADMIN'])
        for (const rule of RULES)
          expect(refusal(mode, caller([role]), rule), `${role} ${rule}`).to.equal(undefined);
    });

    it(`lets readers see the usages of their own project, and nothing else (${mode})`, () => {
      const reader = caller(['member', 'reader']);
      for (const rule of RULES)
        expect(refusal(mode, reader, rule)?.kind, rule).to.equal('forbidden');
      expect(refusal(mode, reader, 'placement:usages', 'p')).to.equal(undefined);
      expect(refusal(mode, reader, 'placement:usages', 'q')?.kind).to.equal('forbidden');
      expect(refusal(mode, reader, 'placement:allocations:list', 'p')?.kind).to.equal('forbidden');
    });

    it(`lets nobody in who has another role, or none (${mode})`, () => {
      for (const roles of [[], ['member'], ['administrator']])
        expect(refusal(mode, caller(roles), 'placement:usages', 'p')).to.include({
          reason: 'FORBIDDEN',
          message: 'Policy does not allow placement:usages to be performed.',
        });
    });

    it(`lets nobody in who speaks for the system (${mode})`, () => {
      for (const rule of RULES)
        expect(refusal(mode, caller(['admin'], true), rule)?.message).to.equal(rule);
    });
  }

  it('lets everybody do everything when it is open', () => {
    for (const who of [caller([]), caller(['admin'], true)])
      for (const rule of RULES) expect(refusal('open', who, rule)).to.equal(undefined);
  });
});

describe('callers that nobody checks (section 3.2, noauth2)', () => {
  const NONE = { token: undefined, roles: undefined, project: undefined, systemScope: undefined };
  const who = (given: Partial<typeof NONE> | Record<string, string>) =>
    callerFromHeaders({ ...NONE, ...given });

  it('are the user and project of the token', () => {
    expect(who({ token: 'ada' })).to.deep.equal({
      kind: 'scoped',
      user: 'ada',
      scope: { project: 'ada', roles: [] },
      isSystemScoped: false,
    });
    expect(who({ token: 'ada:p' }).scope.project).to.equal('p');
    expect(who({ token: 'ada:p', project: 'q' }).scope.project).to.equal('q');
  });

  it('have the roles that a header names, or that of admin', () => {
    expect(who({ token: 'admin:p' }).scope.roles).to.deep.equal(['admin']);
    expect(who({ token: 'admin', roles: 'reader, member,' }).scope.roles).to.deep.equal([
      'reader',
      'member',
    ]);
    expect(who({ token: 'admin', roles: '' }).scope.roles).to.deep.equal([]);
  });

  it('may speak for the system', () => {
    expect(who({ token: 'admin', systemScope: 'all' }).isSystemScoped).to.equal(true);
    expect(who({ token: 'admin', systemScope: 'none' }).isSystemScoped).to.equal(false);
  });

  it('need a token', () => {
    for (const token of [undefined, ''])
      expect(() => callerFromHeaders({ ...NONE, token })).to.throw(Failure, /X-Auth-Token/);
  });
});
