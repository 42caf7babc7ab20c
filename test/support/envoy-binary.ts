import { findEnvoy } from '../../src/cli/dev/envoy-binary.js';
import { loadConfig, systemEnvironment } from '../../src/config.js';

/** Returns the Envoy that `make run` would use, installed on first use and shared with it. */
export async function testEnvoy(): Promise<string> {
  const { envoy, home } = loadConfig();
  return findEnvoy({ envoy, home, environment: systemEnvironment() });
}
