/**
 * Invariant: what user interfaces show the API shows too; a resource never moves to another
 * component while its service exists.
 */
import type { Quantity } from '../../kernel/quantity.js';

/** A countable thing that a service offers. */
export interface Resource {
  /** Unique, at most 255 characters, by convention `<service>.<thing>`. */
  readonly name: string;
  /** Name of the service it originates from. */
  readonly service: string;
  readonly description: string | null;
  /** `bytes`, or null for a plain count. */
  readonly unit: string | null;
  readonly uiVisible: boolean;
  readonly apiVisible: boolean;
}

/** What new projects get of a resource. */
export interface ResourceDefaults {
  readonly name: string;
  readonly apiVisible: boolean;
  /** Project and member capacity in base projects. */
  readonly systemDefault: Quantity;
  /** Project and member capacity in other projects, unless their application says otherwise. */
  readonly projectDefault: Quantity;
}
