/** A place where work of a test waits until the test lets it pass. */
export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

/** Returns a closed gate; opening it twice is harmless. */
export function createGate(): Gate {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
