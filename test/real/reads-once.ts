import { openKeychain } from '../../src/system/keychain.ts'

// Neither closes the keychain nor ends the process: both have to come by themselves.
const keychain = openKeychain({
  childPath: process.argv[2] ?? '',
  interactive: true,
  signal: new AbortController().signal,
  onSlow: () => undefined,
})
void keychain.getPassword('account').then((value) => console.log(value ?? 'nothing'))
