/** How a fault can look. */
export type FaultFormat = 'html' | 'json' | 'text';

const OFFERS = [
  ['text/html', 'html'],
  ['application/json', 'json'],
] as const;

/**
 * Returns how a fault looks to a client (specification, section 3.3): of HTML and JSON the one that
 * `Accept` likes better, HTML when it likes both alike, plain text when it says nothing or likes none.
 */
export function faultFormat(accept: string | undefined): FaultFormat {
  const ranges = (accept ?? '').split(',').flatMap(rangeFrom);
  let best: FaultFormat = 'text';
  let quality = 0;
  for (const [type, format] of OFFERS) {
    const liked = qualityOf(type, ranges);
    if (liked > quality) [best, quality] = [format, liked];
  }
  return best;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function rangeFrom(text: string): readonly Range[] {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  if (!/^[^/\s]+\/[^/\s]+$/.test(type)) return [];
  const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(weight) ? [{ type, quality: Number(weight) }] : [];
}

/** The most specific range decides. */
function qualityOf(offer: string, ranges: readonly Range[]): number {
  for (const type of [offer, `${offer.split('/')[0] ?? ''}/*`, '*/*']) {
    const found = ranges.find((range) => range.type === type);
    if (found !== undefined) return found.quality;
  }
  return 0;
}
