import { defineConfig } from 'rolldown'

// What ships is CommonJS: importing built-ins from an ES module costs 24 to 29 ms on Node 22
// and later. Packages that are large, native or need files of their own stay outside.
const program = (input) => ({
  input,
  platform: 'node',
  external: [/^node:/, '@napi-rs/keyring', 'conf', 'open', 'ora'],
  // commander does nothing by being loaded, so what the launcher does not call is left out of it.
  treeshake: { moduleSideEffects: (id) => !id.includes('node_modules/commander') },
  output: { dir: 'dist', format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name].cjs', cleanDir: false },
})

export default defineConfig([
  // One build each: a chunk shared with the whole program would be read on the short way.
  program({ aiauth: 'src/launcher.ts' }),
  program({ main: 'src/main.ts' }),
  program({ 'keychain-child': 'src/system/keychain-child.ts' }),
])
