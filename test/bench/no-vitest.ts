// Stands in for vitest where a test's fixtures are bundled into the benchmark, which no runner runs.

interface Test {
  extend(): Test
}

/** Takes what a fixture file declares, and does nothing with it. */
export const test: Test = { extend: () => test }
