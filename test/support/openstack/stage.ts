/** A fake cloud with a project in it, seen through drivers of the test's own. */
import { AssertionError } from 'chai';
import {
  type Cloud,
  type Deployment,
  type DriverOptions,
  OpenStackDriver,
  OpenStackError,
} from '../../../src/links/driver/index.js';
import { failureOf } from '../failure-of.js';
import { type FakeCloud, startFakeCloud } from './cloud.js';
import type { FakeService } from './message.js';

/** What one test plays with. */
export class FakeStage {
  readonly #drivers: OpenStackDriver[] = [];

  private constructor(
    readonly fake: FakeCloud,
    /** A project that Keystone knows. */
    readonly projectId: string,
  ) {}

  /** Starts the fake cloud. */
  static async open(): Promise<FakeStage> {
    const fake = await startFakeCloud();
    return new FakeStage(fake, fake.world.addProject('nc-1').id);
  }

  /** Returns a driver with pauses too short to notice. */
  driver(options: DriverOptions = {}): OpenStackDriver {
    const driver = new OpenStackDriver({ backOffMs: 1, ...options });
    this.#drivers.push(driver);
    return driver;
  }

  /** Returns the fake cloud through a driver of its own. */
  cloud(options: DriverOptions = {}, changes: Partial<Deployment> = {}): Cloud {
    return this.driver(options).cloudOf({ ...this.fake.deployment, ...changes });
  }

  /** How many requests a service has seen, of any method or of one. */
  count(service: FakeService, method?: string): number {
    const isMeant = (one: { service: string; method: string }) =>
      one.service === service && (method ?? one.method) === one.method;
    return this.fake.seen.filter(isMeant).length;
  }

  /** Closes the drivers and the cloud. */
  async close(): Promise<void> {
    for (const driver of this.#drivers.splice(0)) driver.close();
    await this.fake.close();
  }
}

/** Returns the error of the driver that work ends with; any other end is a failed assertion. */
export async function openStackErrorOf(work: Promise<unknown>): Promise<OpenStackError> {
  const error = await failureOf(work);
  if (error instanceof OpenStackError) return error;
  throw new AssertionError(`This is no OpenStackError: ${error.name}: ${error.message}`);
}
