#!/usr/bin/env node
'use strict'

const { existsSync } = require('node:fs')
const { join } = require('node:path')

if (Number(process.versions.node.split('.')[0]) < 20) {
  process.stderr.write('aiauth: error: Node.js 20 or newer is needed\naiauth: hint: node --version\n')
  process.exit(2)
}
const program = join(__dirname, '..', 'dist', 'aiauth.cjs')
// Only a clone can lack it, and a clone can make it.
if (!existsSync(program)) {
  const ready = join(__dirname, '..', 'test', 'ready.js')
  require('node:child_process').spawnSync(process.execPath, [ready], { stdio: ['ignore', 2, 2] })
}
const { launch } = require(program)
void launch(process.argv.slice(2), (argv) => require('../dist/main.cjs').main(argv))
