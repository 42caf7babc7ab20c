/** The figures of one worker, in the text format of Prometheus. */
export interface WorkerMetrics {
  /** Value of the label that tells the workers apart. */
  readonly worker: string;
  readonly text: string;
}

interface Family {
  /** HELP and TYPE; the first worker's words count. */
  readonly heading: string[];
  readonly samples: string[];
}

/**
 * Merges the figures of several processes into one text.
 *
 * Every sample gets the label `worker`. The format wants all samples of a family together and HELP
 * and TYPE once, so it is merged by family. Nothing is summed up: a counter of a worker that was
 * restarted begins at zero, and only Prometheus knows how to read that.
 */
export function mergeMetrics(parts: readonly WorkerMetrics[]): string {
  const families = new Map<string, Family>();
  for (const { worker, text } of parts) {
    const label = `worker="${worker.replace(/["\\\n]/g, '_')}"`;
    // Samples of a histogram have other names than their family, but always follow its heading.
    let current: string | undefined;
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const heading = /^# (HELP|TYPE) (\S+)/.exec(line);
      if (heading !== null) {
        current = heading[2] ?? '';
        addHeading(familyOf(families, current), heading[1] ?? '', line);
      } else if (!line.startsWith('#')) {
        familyOf(families, current ?? nameOf(line)).samples.push(labelled(line, label));
      }
    }
  }
  return [...families.values()]
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ heading, samples }) => [...heading, ...samples])
    .map((line) => `${line}\n`)
    .join('');
}

function familyOf(families: Map<string, Family>, name: string): Family {
  const family = families.get(name) ?? { heading: [], samples: [] };
  families.set(name, family);
  return family;
}

function addHeading(family: Family, word: string, line: string): void {
  if (!family.heading.some((known) => known.startsWith(`# ${word} `))) family.heading.push(line);
}

function nameOf(sample: string): string {
  return /^[^\s{]+/.exec(sample)?.[0] ?? sample;
}

function labelled(sample: string, label: string): string {
  const name = nameOf(sample);
  const rest = sample.slice(name.length);
  if (!rest.startsWith('{')) return `${name}{${label}}${rest}`;
  const others = rest.slice(1);
  return `${name}{${label}${others.startsWith('}') ? '' : ','}${others}`;
}
