import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These drive POSIX itself: signals, modes, pipes, shells.
    exclude: process.platform === 'win32' ? ['test/e2e/**', 'test/system/**', 'test/vault/**', 'test/sandbox/**'] : [],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Real servers, browsers and keyrings run beside each other: two at a time keeps them honest.
    maxWorkers: 2,
    env: { NODE_EXTRA_CA_CERTS: '' },
  },
})
