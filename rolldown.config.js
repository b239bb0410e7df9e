import { defineConfig } from 'rolldown'

// What ships is CommonJS: importing built-ins from an ES module costs 24 to 29 ms on Node 22
// and later. Packages that are large, native or need files of their own stay outside.
const program = (name, file, output = {}) => ({
  input: { [name]: file },
  platform: 'node',
  external: [/^node:/, '@napi-rs/keyring', 'conf', 'open', 'ora'],
  // commander does nothing by being loaded, so what the launcher does not call is left out of it.
  treeshake: { moduleSideEffects: (id) => !id.includes('node_modules/commander') },
  // What an entry shares with its lazy parts stays in the entry: one file less to open.
  preserveEntrySignatures: 'allow-extension',
  output: {
    dir: 'dist',
    format: 'cjs',
    comments: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: `${name}-[name].cjs`,
    ...output,
  },
})

// Importing the native package costs 26 ms, requiring it 3; `open`, `ora` and `conf` must be imported.
const REQUIRING = { dynamicImportInCjs: false }

export default defineConfig([
  // Minified, for it is read at every start; a fault in it is told by the whole program.
  program('aiauth', 'src/launcher.ts', { minify: true, ...REQUIRING }),
  program('main', 'src/main.ts'),
  program('keychain-child', 'src/system/keychain-child.ts', REQUIRING),
  {
    // For work in a clone: the demo and the sandbox, their packages outside.
    input: { demo: 'test/demo/demo.ts', sandbox: 'test/sandbox/serve.ts' },
    platform: 'node',
    external: /^[^./]/,
    output: { dir: 'build', format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' },
  },
])
