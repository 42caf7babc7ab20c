// Goal: the figures of several processes become one text that Prometheus accepts. Method: small
// texts in, whole text out; and one round with what prom-client really writes.
import { expect } from 'chai';
import { Counter, Histogram, Registry } from 'prom-client';
import { mergeMetrics } from '../../src/cli/dev/metrics-merge.js';

const lines = (...text: string[]): string => text.map((line) => `${line}\n`).join('');

describe('mergeMetrics', () => {
  it('keeps samples of one family together, with one heading', () => {
    const calls = lines('# HELP calls All calls.', '# TYPE calls counter', 'calls 1');
    const waiting = lines('# HELP waiting Now.', '# TYPE waiting gauge', 'waiting 0');
    const merged = mergeMetrics([
      { worker: '1', text: calls + waiting },
      { worker: '2', text: waiting + calls },
    ]);
    expect(merged).to.equal(
      lines(
        ...['# HELP calls All calls.', '# TYPE calls counter'],
        ...['calls{worker="1"} 1', 'calls{worker="2"} 1'],
        ...['# HELP waiting Now.', '# TYPE waiting gauge'],
        ...['waiting{worker="1"} 0', 'waiting{worker="2"} 0'],
      ),
    );
  });

  it('adds the label before others, whatever they contain, and keeps the rest of the sample', () => {
    const text = lines('calls{path="/a{b}c",q="x\\"y"} 1e+3 1700000000000', 'calls{} NaN');
    expect(mergeMetrics([{ worker: '7', text }])).to.equal(
      lines(
        'calls{worker="7",path="/a{b}c",q="x\\"y"} 1e+3 1700000000000',
        'calls{worker="7"} NaN',
      ),
    );
  });

  it('takes heads of a family from whoever has them', () => {
    const merged = mergeMetrics([
      { worker: '1', text: '' },
      { worker: '2', text: lines('# TYPE up gauge', 'up 1') },
      { worker: '3', text: lines('# HELP up Is it?', '# TYPE up gauge', 'up 1') },
    ]);
    expect(merged).to.equal(
      lines('# TYPE up gauge', '# HELP up Is it?', 'up{worker="2"} 1', 'up{worker="3"} 1'),
    );
  });

  it('leaves out families without samples and comments of any other kind', () => {
    const text = lines('# HELP none Never.', '# TYPE none counter', '# EOF', '', '# a remark');
    expect(mergeMetrics([{ worker: '1', text }])).to.equal('');
  });

  it('merges what prom-client writes without losing a sample', async () => {
    const texts = await Promise.all([1, 2].map((count) => promClientText(count)));
    const merged = mergeMetrics(
      texts.map((text, index) => ({ worker: String(index + 1), text })),
    ).split('\n');
    const samples = (text: readonly string[]): readonly string[] =>
      text.filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples(merged)).to.have.lengthOf(2 * samples(texts[0]!.split('\n')).length);
    expect(merged.filter((line) => line.startsWith('# TYPE'))).to.deep.equal([
      '# TYPE calls_total counter',
      '# TYPE call_seconds histogram',
    ]);
    expect(merged).to.include('call_seconds_bucket{worker="2",le="+Inf",rpc="Get"} 2');
  });
});

async function promClientText(count: number): Promise<string> {
  const registers = [new Registry()];
  const calls = new Counter({ name: 'calls_total', help: 'Calls.', registers });
  const seconds = new Histogram({
    ...{ name: 'call_seconds', help: 'Time.', labelNames: ['rpc'], registers },
    buckets: [0.1, 1],
  });
  for (let call = 0; call < count; call += 1) {
    calls.inc();
    seconds.observe({ rpc: 'Get' }, 0.5);
  }
  return registers[0]!.metrics();
}
