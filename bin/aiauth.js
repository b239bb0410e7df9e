#!/usr/bin/env node
'use strict'

if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write('aiauth: error: Node.js 20 or newer is needed\naiauth: hint: node --version\n')
  process.exit(2)
}
require('../dist/aiauth.cjs')
