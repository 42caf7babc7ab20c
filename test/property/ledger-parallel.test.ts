// Goal: whatever components and operators do at the same time, the ledger stays consistent and bears out
// every answer. Method: random commands on 8 connections to two server processes; then the tables, the
// history of every holding and all answers are compared. SEED=… repeats the commands.
import { itKeepsTheLedgerConsistent } from '../soak/parallel.js';
import { SEED } from '../soak/seed.js';

describe('the ledger under many hands', function () {
  this.timeout(120_000);

  itKeepsTheLedgerConsistent('stays consistent, and every answer is true', {
    seed: SEED,
    connections: 8,
    commandsPerConnection: 200,
  });
});
