import { Chalk } from 'chalk'
import type { Style } from '../model/ports.ts'

/** Colours for everything outside the hot paths: sixteen colours, which every terminal has. */
export const CHALK: Style = new Chalk({ level: 1 })
