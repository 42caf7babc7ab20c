import { Failure } from '../kernel/failure.js';
import type { ScopedPrincipal } from '../kernel/principal.js';

/** The rules of section 3.2, by which operations are named in refusals. */
export type Rule =
  | `placement:allocations:${'list' | 'update' | 'delete' | 'manage'}`
  | `placement:resource_providers:${'list' | 'create' | 'show' | 'update' | 'delete'}`
  | `placement:resource_providers:inventories:${'list' | 'create' | 'show' | 'update' | 'delete'}`
  | `placement:resource_providers:${'traits' | 'aggregates'}:${'list' | 'update'}`
  | 'placement:resource_providers:traits:delete'
  | 'placement:resource_providers:usages'
  | 'placement:resource_providers:allocations:list'
  | 'placement:usages'
  | `placement:resource_classes:${'list' | 'create' | 'show' | 'update' | 'delete'}`
  | `placement:traits:${'list' | 'show' | 'update' | 'delete'}`;

/**
 * Which rules hold: the documented defaults, the older ones, or none. Among the operations served
 * today the first two differ in nothing; they will at the reshaper.
 */
export type PolicyMode = 'new' | 'legacy' | 'open';

/** Decides who may do what; the decision is the same for whatever the operation is about. */
export interface Policy {
  /**
   * Returns when the caller may do it; throws FORBIDDEN, whose message names the rule.
   *
   * @param project - the project the operation is about, where readers of it are let in.
   */
  enforce(rule: Rule, caller: ScopedPrincipal, project?: string): void;
}

/** Returns the policy of one server. */
export function createPolicy(mode: PolicyMode): Policy {
  return {
    enforce(rule, caller, project) {
      if (mode === 'open') return;
      if (caller.isSystemScoped) throw forbidden(rule, rule);
      const roles = new Set(caller.scope.roles.map((role) => role.toLowerCase()));
      if (roles.has('admin') || roles.has('service')) return;
      const isOwn = project !== undefined && project === caller.scope.project;
      if (rule === 'placement:usages' && roles.has('reader') && isOwn) return;
      throw forbidden(rule, `Policy does not allow ${rule} to be performed.`);
    },
  };
}

function forbidden(rule: Rule, message: string): Failure {
  return new Failure('forbidden', 'FORBIDDEN', message, { rule });
}
