/** The world that the documents' lists of behaviours start from: two components with resources. */
import { type Stack, type StackOptions, startStack } from './stack.js';

/** The fixture of the quota specification, section 16, and a resource that is hidden. */
export const WORLD = `
components:
  - name: nimbus
    token: nimbus-token
    services:
      - name: nimbus_compute
        type: compute
        endpoints:
          - {public_url: "http://127.0.0.1:8774/v2.1", version_id: v2.1, ui_url: "http://127.0.0.1:8774/ui"}
        resources:
          - {name: nimbus.vm, description: Running machines, system_default: 100}
          - {name: nimbus.ram, description: Machine memory, unit: bytes, system_default: 1024}
          - {name: nimbus.total_ram, unit: bytes, ui_visible: false, api_visible: false, system_default: 2048}
  - name: orbit
    token: orbit-token
    services:
      - name: orbit_store
        type: object-store
        resources:
          - {name: orbit.disk, unit: bytes, ui_visible: false, system_default: 3}
`;

/** Starts a stack on which the world has been declared; `stop` it in `after`. */
export async function startWorld(options: StackOptions = {}): Promise<Stack> {
  const stack = await startStack(options);
  await stack.apply(WORLD);
  return stack;
}
