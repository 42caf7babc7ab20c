import { z } from 'zod';
import { type Quantity, UNLIMITED } from '../../kernel/quantity.js';
import { moment, text } from '../../state/fields.js';
import { faultOfCapacities } from '../domain/capacities.js';
import { MEMBERSHIP_STATES } from '../domain/membership-states.js';
import { isPrintable } from '../domain/moment.js';
import { faultOfProjectName } from '../domain/project-names.js';
import { INITIALIZED_STATES } from '../domain/project-states.js';
import { PROJECT_POLICIES } from '../domain/project.js';

/** Longest description, as the projects API has it. */
const LONGEST_DESCRIPTION = 4096;

/** Integers come as bigint, so that none is rounded; numbers are welcome while they are exact. */
const quantity = z
  .union([z.bigint(), z.int().transform(BigInt)], 'must be a whole number')
  .refine((value) => value >= 0n && value <= UNLIMITED, `must be 0 to ${UNLIMITED}`)
  .transform((value) => value as Quantity);

const capacities = z
  .strictObject({ project_capacity: quantity, member_capacity: quantity })
  .transform((pair) => ({
    projectCapacity: pair.project_capacity,
    memberCapacity: pair.member_capacity,
  }));

const name = z.string().superRefine((value, context) => {
  const message = faultOfProjectName(value);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

const resources = z.record(text(), capacities).superRefine((pairs, context) => {
  for (const [resource, pair] of Object.entries(pairs)) {
    const fault = faultOfCapacities(resource, pair);
    if (fault !== undefined)
      context.addIssue({ code: 'custom', path: [resource], message: fault.message });
  }
});

/**
 * One project of a state file. What is left out takes its default when the project or membership
 * is created and is left alone afterwards.
 */
export const projectEntry = z.strictObject({
  uuid: text(),
  name: name.optional(),
  description: text(0, LONGEST_DESCRIPTION).optional(),
  owner: text().optional(),
  state: z.enum(INITIALIZED_STATES).optional(),
  end_date: moment.refine(isPrintable, 'must lie in the years 1 to 9999').optional(),
  join_policy: z.enum(PROJECT_POLICIES).optional(),
  leave_policy: z.enum(PROJECT_POLICIES).optional(),
  max_members: quantity.optional(),
  resources: resources.optional(),
  members: z
    .array(z.strictObject({ user: text(), state: z.enum(MEMBERSHIP_STATES).optional() }))
    .optional(),
});

/** One project of a state file, read. */
export type ProjectEntry = z.infer<typeof projectEntry>;
