#!/usr/bin/env node
'use strict'

if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write('aiauth: error: Node.js 20 or newer is needed\naiauth: hint: node --version\n')
  process.exit(2)
}
const { launch } = require('../dist/aiauth.cjs')
void launch(process.argv.slice(2), (argv) => require('../dist/main.cjs').main(argv))
