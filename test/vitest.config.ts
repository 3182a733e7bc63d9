import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    globalSetup: ['test/fixtures/build.ts'],
    // Real tmux, real processes, two cores in CI: more files at once only wait for each other.
    maxWorkers: 2,
    // Longer than any wait within a test, so that what is red is what was waited for.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
