/** Measures the families of the API one after the other; see README.md for what and how. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { OperatorError } from '../../src/kernel/operator-error.js';
import { allocations } from './families/allocations.js';
import { images } from './families/images.js';
import { quotas } from './families/quotas/index.js';
import type { Family } from './family.js';
import { onStage } from './stage.js';

const FAMILIES: Readonly<Record<string, Family>> = { quotas, allocations, images };

const { values: options } = parseArgs({
  options: {
    family: { type: 'string', default: Object.keys(FAMILIES).join(',') },
    seconds: { type: 'string', default: '4' },
    'in-flight': { type: 'string' },
    work: { type: 'string' },
    spread: { type: 'string' },
    against: { type: 'string' },
    workers: { type: 'string', default: '1' },
    history: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

async function main(): Promise<void> {
  const families = options.family.split(',').map(familyNamed);
  for (const family of families) await family.check?.();
  const selection = {
    seconds: Number(options.seconds),
    inFlight: options['in-flight']?.split(',').map(Number),
    work: options.work?.split(','),
    spread: options.spread?.split(','),
    against: options.against?.split(','),
    history: options.history,
  };
  const results: object[] = [];
  for (const family of families)
    await onStage(Number(options.workers), async (stage) => {
      results.push(...(await family.measure(stage, selection)));
    });
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(results, null, 2));
}

function familyNamed(name: string): Family {
  const family = FAMILIES[name];
  if (family !== undefined) return family;
  const known = Object.keys(FAMILIES).join(', ');
  throw new OperatorError(`--family ${name} is not known; there are ${known}`);
}

main().catch((error: unknown) => {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
