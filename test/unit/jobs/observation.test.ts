/**
 * Goal: nobody is declared dead by a process that could not have seen the others live.
 * Method: beats at made-up times, in milliseconds.
 */
import { expect } from 'chai';
import { Observation } from '../../../src/jobs/observation.js';

describe('judging by heartbeats', () => {
  let observation: Observation;

  beforeEach(() => {
    observation = new Observation({ everyMs: 2_000, expiresMs: 10_000 });
  });

  function beatAt(...times: number[]): boolean {
    for (const time of times) observation.succeeded(time);
    return observation.mayJudge;
  }

  it('does not judge at the start', () => {
    expect(observation.mayJudge).to.be.false;
    expect(beatAt(50_000)).to.be.false;
    expect(beatAt(52_000, 54_000)).to.be.false;
  });

  it('judges after half the life of a heartbeat', () => {
    expect(beatAt(50_000, 52_000, 54_000, 56_000)).to.be.true;
  });

  it('begins anew after a beat that failed: the database was away for all', () => {
    beatAt(0, 2_000, 4_000, 6_000);
    observation.failed();
    expect(observation.mayJudge).to.be.false;
    expect(beatAt(8_000, 10_000, 12_000)).to.be.false;
    expect(beatAt(14_000)).to.be.true;
  });

  it('begins anew after a pause of its own', () => {
    beatAt(0, 2_000, 4_000, 6_000);
    expect(beatAt(11_001)).to.be.false;
    expect(beatAt(13_000, 15_000, 17_001)).to.be.true;
  });

  it('bears a beat that comes late', () => {
    expect(beatAt(0, 5_000, 10_000)).to.be.true;
  });
});
