import { defineConfig } from 'rolldown'

// What ships is CommonJS: importing built-ins from an ES module costs 24 to 29 ms on Node 22
// and later. Packages that are large, native or need files of their own stay outside.
export default defineConfig({
  input: {
    aiauth: 'src/launcher.ts',
    main: 'src/main.ts',
    'keychain-child': 'src/system/keychain-child.ts',
  },
  platform: 'node',
  external: [/^node:/, '@napi-rs/keyring', 'conf', 'open', 'ora'],
  output: { dir: 'dist', format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name].cjs' },
})
