import { BrokenReference } from '../../state/section.js';

/** Where something is declared, and as what. */
export interface Declaration {
  readonly path: readonly (string | number)[];
  readonly value: string;
}

/** Throws a BrokenReference at the second of two places that declare the same, naming the first. */
export function refuseDuplicates(section: string, declarations: Iterable<Declaration>): void {
  const first = new Map<string, readonly (string | number)[]>();
  for (const { path, value } of declarations) {
    const before = first.get(value);
    if (before !== undefined)
      throw new BrokenReference(path, `the same as ${section}${printed(before)}`);
    first.set(value, path);
  }
}

function printed(path: readonly (string | number)[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
}
